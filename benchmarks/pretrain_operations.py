"""How many operations a token the triple loss takes, beside those of the plain loop of ``pretrain_speed``.

Their ratio is what can be won in one precision by asking for fewer logits: a machine that computes both sides in
float32 at its full speed gets that, and no more. Counted are the matrix products, attention's among them, of updates
behind the first, so that the validation at the end falls out; each multiplication and each addition is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import commands
import records
from pretrain_speed import BAR, LAYERS, LENGTH, ROWS, Setting, Turn, ours, plain, setting_of
from torch.utils.flop_counter import FlopCounterMode

from limbeck.pretrain.settings import TripleSettings

COMMAND = "python benchmarks/pretrain_operations.py --data DATA --encoder ENCODER --work WORK"
UPDATES = (1, 3)
"""The operations of the first number of updates are taken off those of the second."""


def operations(side: Callable[[Setting], Turn], setting: Setting) -> float:
    """Operations a token of an update."""
    counts = []
    for n_updates in UPDATES:
        with FlopCounterMode(display=False) as counter:
            side(replace(setting, fit=replace(setting.fit, max_updates=n_updates)))
        counts.append(counter.get_total_flops())
    return (counts[1] - counts[0]) / ((UPDATES[1] - UPDATES[0]) * setting.fit.batch.tokens)


def main() -> None:
    parser = commands.parser(__doc__, data="with imdb/unlabelled.parquet", work="for models", encoder="of a BERT")
    args = commands.parsed(parser)
    args.updates = UPDATES[1]
    setting = setting_of(args)
    for soft_on in ROWS:
        asked = replace(setting, triple=TripleSettings(soft_on=soft_on))
        value, peer = (operations(side, asked) / 1e6 for side in (ours, plain))
        print(f"{soft_on}: {value:.1f} and {peer:.1f} million operations a token, 1 : {peer / value:.2f}", flush=True)
        record = records.Record(
            name="distilbert-operations" + ("" if soft_on == ROWS[0] else f"-{soft_on}"),
            what=f"operations a token of the triple loss, soft targets at {soft_on} tokens, {LAYERS} of 6 layers, "
            f"{LENGTH} tokens a block: what {BAR:.0f} x in one precision would have to divide",
            value=round(value, 1),
            unit="million",
            bar="shown",
            met=True,
            command=COMMAND,
            peer={"name": "plain loop, logits at every token", "value": round(peer, 1)},
            ratio=peer / value,
        )
        records.write(record)


if __name__ == "__main__":
    main()
