"""Learning labels beside an encoder's vectors: what the loss is, what is held, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.artefact.manifest import Manifest
from limbeck.data import Dataset
from limbeck.errors import DataError, Interrupted, LimbeckError, ModelError, SettingsError, TrainingError
from limbeck.losses import vectors
from limbeck.models import Batch
from limbeck.models.transformer import load
from limbeck.text import Encoded, Encoder, TextSettings
from limbeck.text.pad import pad
from limbeck.train.learner import Learner
from limbeck.train.remember import SHARE, Held
from limbeck.train.remember_settings import RememberSettings
from limbeck.train.scoring import vectors_of
from limbeck.train.settings import FitSettings
from support.encoders import folder, make
from support.stopping import stop_at
from support.train_data import learner, rows

OTHERS = Dataset(["people at the window", "an office near the river", "the end of a word"], None, name="others")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An encoder of the same width with other weights."""
    return str(make(tmp_path_factory.mktemp("encoders") / "other", "bert", masked_lm=True))


def vector_by(source: str, text: str) -> torch.Tensor:
    """What an encoder has of a text, alone."""
    return vector_of(load(Path(source)).eval(), text)


@torch.no_grad()
def vector_of(model: Any, text: str) -> torch.Tensor:
    """What a model has of a text, alone."""
    encoder = Encoder.from_string(model.tokenizer)
    encoded = encoder.encode([text])
    one = {name: torch.from_numpy(part) for name, part in pad(encoded.ids, encoded.type_ids, encoder.pad_id).items()}
    found: torch.Tensor = model(Batch(**one), states=True).states[-1].mean(dim=1)[0]
    return found


def apart(made: Learner, source: str) -> float:
    """Mean distance of the learner's vectors from an encoder's."""
    made.model.module.eval()
    micro = made.work().collate(np.arange(len(made.train)))
    wanted = torch.stack([vector_by(source, str(text)) for text in made.train.inputs])
    with torch.no_grad():
        states = made.model.module(micro.batch, states=True).states[-1]
        return float(vectors.loss(states, wanted, micro.batch.attention_mask).mean())


def test_the_loss_is_that_of_labels_and_the_weighed_distance(other: str) -> None:
    made = learner(rows(12))
    plain = made.work()
    made.remember(other, 0.5)
    work, taken = made.work(), np.array([5, 0, 7])
    made.model.module.eval()
    result = work.step(made.model.module, work.collate(taken))
    labels = plain.step(made.model.module, plain.collate(taken)).losses
    assert work.parts == ("labels", "remembered") == tuple(result.parts)
    torch.testing.assert_close(result.parts["labels"], labels)
    for at, row in enumerate(taken):
        mine = made.model.module(work.collate(taken[at : at + 1]).batch, states=True).states[-1].mean(dim=1)[0].detach()
        wanted = vector_by(other, str(made.train.inputs[row]))
        by_hand = 0.5 * (1 - float(mine @ wanted / (mine.norm() * wanted.norm())))
        assert result.parts["remembered"][at].item() == pytest.approx(by_hand, abs=2e-3)  # targets are float16
    torch.testing.assert_close(result.losses, result.parts["labels"] + result.parts["remembered"])


def test_its_own_encoder_is_remembered_without_a_loss_at_first() -> None:
    made = learner(rows(12))
    made.remember(made.source)
    made.model.module.eval()
    work = made.work()
    assert work.step(made.model.module, work.collate(np.arange(8))).parts["remembered"].max().item() < 1e-5


def test_a_large_weight_holds_the_vectors_and_none_lets_them_go() -> None:
    distances = {}
    for weight in (None, 30.0):
        made = learner(rows(24), lr=3e-3, epochs=4)
        if weight is not None:
            made.remember(made.source, weight)
        made.fit()
        distances[weight] = apart(made, made.source)
    assert distances[30.0] < 0.3 * distances[None]


def test_other_texts_are_held_in_place_of_those_that_are_learnt(other: str) -> None:
    made = learner(rows(12))
    plain = made.work()
    made.remember(other, 0.5, OTHERS)
    made.model.module.eval()
    work = made.work()
    micro = work.collate(np.array([5, 0, 7]))
    torch.manual_seed(3)
    before = torch.get_rng_state()
    result = work.step(made.model.module, micro)
    assert torch.equal(torch.get_rng_state(), before)
    torch.testing.assert_close(result.parts["labels"], plain.step(made.model.module, micro).losses)
    distances = {}
    for text in OTHERS.inputs:
        mine, wanted = (vector_of(model, str(text)) for model in (made.model, load(Path(other)).eval()))
        distances[text] = 1 - float(mine @ wanted / (mine.norm() * wanted.norm()))
    shares = result.parts["remembered"]
    assert shares.shape == (3,) and len(set(shares.tolist())) == 1  # the mean of the drawn ones, for each row
    assert 0.5 * min(distances.values()) - 2e-3 <= shares[0].item() <= 0.5 * max(distances.values()) + 2e-3
    again = work.step(made.model.module, micro)
    assert torch.equal(again.losses, result.losses)


def test_other_texts_of_about_one_length_fill_their_share_of_the_tokens() -> None:
    made = learner(rows(40))
    work = made.work()
    many = [" ".join(["word"] * n) for n in (1, 2, 3, 5, 8, 13, 20) for _ in range(60)]
    encoded = made.encoder.encode(many)
    held = Held(encoded, torch.arange(float(len(many)))[:, None], made.encoder.pad_id)
    micro = work.collate(np.arange(20))
    most, seen, positions = SHARE * micro.batch.input_ids.numel(), [], []
    for seed in range(400):
        torch.manual_seed(seed)
        batch, targets = held.drawn(micro)
        numbers = targets[:, 0].int().tolist()
        for row, number in enumerate(numbers):
            assert batch.input_ids[row][batch.attention_mask[row] == 1].tolist() == encoded.ids[number].tolist()
        seen += numbers
        positions.append(batch.input_ids.numel())
        assert batch.input_ids.numel() <= most or len(numbers) == 1
    assert len(set(seen)) > 0.9 * len(many)
    assert np.mean(positions) > 0.7 * most


def test_another_micro_batch_and_another_update_draw_others() -> None:
    made = learner(rows(40))
    work, encoded = made.work(), made.encoder.encode([f"{'word ' * n}{m}" for n in range(9) for m in "abcdefgh"])
    held = Held(encoded, torch.arange(72.0)[:, None], made.encoder.pad_id)
    drawn = set()
    for seed in range(8):
        for first in (0, 4):
            torch.manual_seed(seed)
            drawn.add(tuple(held.drawn(work.collate(np.arange(first, first + 4)))[1][:, 0].tolist()))
    assert len(drawn) > 10  # 8 where the micro-batch does not count, 2 where the update does not


def test_held_texts_keep_their_vectors_while_labels_are_learnt() -> None:
    found = {}
    for weight in (None, 30.0):
        made = learner(rows(24), lr=3e-3, epochs=4)
        if weight is not None:
            made.remember(made.source, weight, OTHERS)
        made.fit()
        made.model.module.eval()
        ours = [vector_of(made.model, str(text)) for text in OTHERS.inputs]
        theirs = [vector_by(made.source, str(text)) for text in OTHERS.inputs]
        found[weight] = 1 - float(torch.cosine_similarity(torch.stack(ours), torch.stack(theirs)).mean())
    assert found[30.0] < 0.5 * found[None]


def test_texts_without_anything_to_read_are_refused(other: str) -> None:
    with pytest.raises(DataError, match="nothing: no text has a text to read"):
        learner(rows(6)).remember(other, 1.0, Dataset(["", "  "], None, name="nothing"))


def test_equal_texts_are_read_once_and_have_one_vector(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows(6)
    assert data.targets is not None
    twice = replace(data, inputs=[*data.inputs, *data.inputs[::-1]], targets=[*data.targets, *data.targets[::-1]])
    made, asked = learner(twice), []

    def counting(module: Any, encoded: Encoded, **how: Any) -> Any:
        asked.append(len(encoded.ids))
        return vectors_of(module, encoded, **how)

    monkeypatch.setattr("limbeck.train.remember.vectors_of", counting)
    made.remember(other)
    assert asked == [6]
    made.model.module.eval()
    work = made.work()
    parts = work.step(made.model.module, work.collate(np.arange(12))).parts["remembered"]
    torch.testing.assert_close(parts[:6], parts[6:].flip(0))


@pytest.mark.parametrize(("texts", "held"), [(None, "its texts"), (OTHERS, "3 other texts")])
def test_it_is_recorded_and_told_on_the_card(texts: Dataset | None, held: str, other: str, tmp_path: Path) -> None:
    made = learner(rows(12), epochs=1)
    made.remember(other, 2.0, texts)
    made.fit()
    made.save(tmp_path / "out")
    taught = Manifest.read(tmp_path / "out").training["taught"]
    assert taught["remember_weight"] == 2.0 and taught["remember"] == Path(other).name
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    encoder = f"`{taught['remember']}` ({taught['remembered'][:12]})"
    assert f"the vectors of {held} were held near those of {encoder}, at weight 2" in card
    log = (tmp_path / "out" / "metrics.jsonl").read_text(encoding="utf-8")
    assert '"remembered"' in log


@pytest.mark.parametrize("now", [None, 3.0])
def test_a_training_under_another_memory_is_not_resumed(now: float | None, other: str, tmp_path: Path) -> None:
    first = learner(rows(12), epochs=1)
    first.remember(other, 1.0)
    first.fit(tmp_path)
    again = learner(rows(12), epochs=1)
    if now is not None:
        again.remember(other, now)
    with pytest.raises(TrainingError, match="remember"):
        again.fit(tmp_path, resume=True)


def test_a_resumed_training_ends_as_one_in_one_go(other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> Learner:
        found = learner(rows(12), dropout=True)
        found.remember(other)
        return found

    whole, half, rest = made(), made(), made()
    whole.fit()
    with monkeypatch.context() as patch:
        stop_at(patch, 2)
        with pytest.raises(Interrupted):
            half.fit(tmp_path)
    rest.fit(tmp_path, resume=True)
    assert rest.progress is not None and whole.progress is not None
    assert rest.progress.log == whole.progress.log


def test_another_width_is_refused_with_both(tmp_path: Path) -> None:
    wide = make(tmp_path / "wide", "bert", hidden_size=64)
    with pytest.raises(ModelError, match=r"its vectors have 64 numbers and those of --model .* have 32"):
        learner(rows(6)).remember(str(wide))


@pytest.mark.parametrize("model", ["static", "frozen"])
def test_a_model_whose_encoder_is_not_trained_is_refused(model: str, other: str) -> None:
    source = model if model == "static" else f"frozen:{folder('bert')}"
    made = Learner(rows(12), None, model=source, text=TextSettings(max_length=32), fit=FitSettings())
    with pytest.raises(SettingsError, match="trains none; leave --remember out"):
        made.remember(other)


def test_no_such_encoder_is_told_by_the_flag(tmp_path: Path) -> None:
    with pytest.raises(LimbeckError, match=f"--remember '{tmp_path}/none' is not a folder"):
        learner(rows(6)).remember(f"{tmp_path}/none")


def test_a_frozen_encoder_has_nothing_to_remember(other: str) -> None:
    with pytest.raises(SettingsError, match="--freeze encoder leaves the encoder as it is"):
        learner(rows(6), freeze="encoder").remember(other)
    learner(rows(6), freeze="1").remember(other)


def test_what_is_taught_already_is_not_taught_this_too(other: str) -> None:
    made = learner(rows(6))
    made.remember(other)
    with pytest.raises(SettingsError, match="this learner is taught already"):
        made.remember(other)


@pytest.mark.parametrize("how", ["autofit", "fit_within"])
def test_what_chooses_by_labels_alone_is_refused(how: str, other: str) -> None:
    made = learner(rows(12), rows(20).take(range(12, 20)))
    made.remember(other)
    with pytest.raises(SettingsError, match="tries trainings by labels alone, and --remember adds to them"):
        getattr(made, how)(*["1m"] * (how == "fit_within"))


def test_a_model_frozen_afterwards_tells_of_no_memory(other: str) -> None:
    made = learner(rows(12))
    made.remember(other)
    made.freeze_all()
    made.fit()
    assert not made.taught


def test_pairs_and_single_texts_are_not_held_for_each_other(other: str) -> None:
    pairs = Dataset([("a film", "a book")], None, name="pairs")
    with pytest.raises(DataError, match="pairs holds pairs and rows single texts; remember texts of one kind"):
        learner(rows(6)).remember(other, 1.0, pairs)


def test_the_default_is_the_model_that_ships_and_families_are_no_encoders() -> None:
    made = learner(rows(6))
    with pytest.raises(ModelError, match="--remember sentiment: its vectors have 384 numbers"):
        made.remember("sentiment")
    with pytest.raises(SettingsError, match="--remember small names a family of models"):
        made.remember("small")


def test_an_encoder_that_reads_fewer_tokens_has_vectors_of_the_cut_texts(tmp_path: Path) -> None:
    short = str(make(tmp_path / "short", "bert", max_position_embeddings=6))
    made = learner(rows(12))
    made.remember(short)
    made.model.module.eval()
    work = made.work()
    assert bool(work.step(made.model.module, work.collate(np.arange(12))).losses.isfinite().all())


def test_processes_with_other_texts_are_told_before_vectors_are_added_up(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr("limbeck.train.processes.Processes.agree", lambda _, mine: told.append(mine))
    for texts in (OTHERS, None):
        learner(rows(6)).remember(other, 1.0, texts)
    assert told[0]["texts to remember"] == OTHERS.fingerprint != told[1]["texts to remember"]
    assert told[0]["encoder to remember"] == told[1]["encoder to remember"]


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(SettingsError, match=f"--remember-weight {weight} is no weight"):
        RememberSettings("encoder", remember_weight=weight)


@pytest.mark.parametrize(
    ("settings", "flag"),
    [({"remember_weight": 2.0}, "--remember-weight 2"), ({"remember_texts": (Path("x.txt"),)}, "--remember-texts")],
)
def test_flags_without_an_encoder_are_refused(settings: dict[str, Any], flag: str) -> None:
    with pytest.raises(SettingsError, match=f"{flag} is of no use without --remember"):
        RememberSettings(**settings)
