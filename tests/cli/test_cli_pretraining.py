"""What both commands of pre-training share: how much of a corpus is read."""

from __future__ import annotations

from limbeck.cli._pretraining import _limit_of
from limbeck.cli.pretrain import Settings
from limbeck.settings import from_flags


def test_of_a_stream_as_much_is_read_as_is_learnt_and_a_quarter_more() -> None:
    def limit(*words: str, source: str = "hub:someone/texts") -> int | None:
        settings = from_flags(Settings, [source, "--model", "m", *words], command="pretrain", description="")
        return _limit_of(settings, settings.corpus)

    assert limit("--tokens", "4000") == limit("--tokens", "4000", "--batch-size", "2") == 5000
    assert limit("--steps", "10") == 10 * 4096 * 5 // 4
    assert limit("--max-updates", "10", "--batch-tokens", "512", "--accumulate", "3") == 10 * 512 * 3 * 5 // 4
    assert limit("--steps", "10", "--batch-size", "8", "--length", "64") == 10 * 8 * 64 * 5 // 4
    assert limit("--steps", "10", "--corpus-tokens", "77") == limit("--corpus-tokens", "77", source="a.txt") == 77
    assert limit("--epochs", "1") is limit("--steps", "10", source="a.txt") is None
