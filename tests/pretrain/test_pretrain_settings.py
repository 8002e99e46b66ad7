"""Settings of pre-training: the published recipe, and what is refused."""

from __future__ import annotations

import pytest

from limbeck.errors import SettingsError
from limbeck.pretrain.settings import AmountSettings, CorpusSettings, TripleSettings, published_fit


def test_the_published_recipe() -> None:
    assert TripleSettings().weights == {"soft": 5.0, "mlm": 2.0, "cosine": 1.0}
    assert TripleSettings().temperature == 2.0
    fit, corpus = published_fit(), CorpusSettings()
    assert (fit.lr, fit.warmup, fit.beta2, fit.epsilon) == (5e-4, 0.05, 0.98, 1e-6)
    assert (fit.epochs, fit.max_grad_norm, fit.weight_decay, fit.schedule) == (3, 5.0, 0.0, "linear")
    assert (corpus.mask_share, corpus.mask_smoothing) == (0.15, 0.7)


def test_whether_a_teacher_is_asked() -> None:
    assert TripleSettings().needs_teacher
    assert not TripleSettings(soft=0.0, cosine=0.0).needs_teacher


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        TripleSettings(temperature=0.0, soft=-1.0, soft_on="mask")  # type: ignore[arg-type]
    for told in ("--soft -1.0", "--temperature 0.0", "'masked' (nearest), 'all'"):
        assert told in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        CorpusSettings(length=2, valid_share=1.0, mask_share=0.0, mask_smoothing=-1.0)
    for told in ("--length 2", "--valid-share 1.0", "--mask-share 0.0", "--mask-smoothing -1.0"):
        assert told in str(caught.value)
    with pytest.raises(SettingsError, match="nothing is left to learn from"):
        TripleSettings(soft=0.0, mlm=0.0, cosine=0.0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"steps": 0}, "--steps 0 is too little"),
        ({"steps": 5, "tokens": 100}, "--steps 5 and --tokens 100 exclude each other"),
        ({"budget": "soon"}, "--budget 'soon' is no time"),
    ],
)
def test_amounts_that_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        AmountSettings(**given)  # type: ignore[arg-type]
