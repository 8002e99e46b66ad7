"""What a saved encoder says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import ArtefactError
from limbeck.pretrain import record
from limbeck.pretrain.saving import card, measures_of
from limbeck.train.checkpoint import Progress

LOG: list[dict[str, Any]] = [
    {"update": 2, "valid": {"loss": 1.0, "perplexity": 2.7}},
    {"update": 3, "loss": 5.0},
    {"update": 4, "valid": {"loss": 9.0, "perplexity": 8103.0}},
]
RECORD: dict[str, Any] = {
    "model": {"model_type": "bert", "layers": 3, "parameters": 1234},
    "training": {"updates": 4, "tokens": 2048, "seconds": 3.0, "tokens_per_second": 682.7, "precision": "float32"},
    "corpus": {"texts": 10, "tokens": 4096, "valid_tokens": 512, "length": 128},
    "measured": {"loss": 1.0, "perplexity": 2.7, "mlm": 2.0},
    "teacher": {"name": "large", "layers": 6, "parameters": 5678, "perplexity": 2.5},
}


def test_the_measures_are_those_of_the_weights_that_are_kept() -> None:
    progress = Progress(update=4, best_update=2, best_loss=1.0, log=LOG)
    assert measures_of(progress, keep="best")["loss"] == 1.0
    assert measures_of(progress, keep="last")["loss"] == 9.0
    assert measures_of(Progress(), keep="best") == {}


def test_the_card_and_the_lines_tell_the_same() -> None:
    shown = card(RECORD)
    for told in ("bert, 3 layers, 1,234 parameters", "| mlm, times its weight, on texts held back | 2 |", "2.5 |"):
        assert told in shown
    lines = dict(record.lines(RECORD))
    assert lines["encoder"] == "bert, 3 layers, 1,234 parameters"
    assert lines["mlm, times its weight"] == "2 on 512 tokens held back"
    assert lines["its perplexity"] == "2.5 on the same"
    many = {**RECORD["corpus"], "measured_tokens": 256}
    assert dict(record.lines({**RECORD, "corpus": many}))["loss"] == "1 on 256 tokens held back"
    without = {**RECORD, "teacher": {"name": "large", "layers": 6, "parameters": 5678}}
    assert "perplexity, on the same" not in card(without)
    assert "its perplexity" not in dict(record.lines(without))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": {}, "model": {}, "measured": {}, "training": {}}'])
def test_a_record_that_is_none(tmp_path: Path, content: str) -> None:
    assert not record.stands_in(tmp_path)
    (tmp_path / record.NAME).write_text(content)
    assert record.stands_in(tmp_path)
    with pytest.raises(ArtefactError, match="holds no pre-trained encoder"):
        record.read(tmp_path)
