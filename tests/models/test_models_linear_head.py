"""A layer on fixed features: scikit-learn's weights, numbers by hand, and rows that make others fail."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from limbeck.models._linear_head import MANY_ROWS, N_FOLDS, STRENGTHS, HeadFit, fit_at, fit_head, folds, logistic, ridge

EXACT = 1e-9


def clouds(n: int, n_classes: int, *, apart: float = 1.0, width: int = 6, seed: int = 0) -> tuple[Any, Any]:
    """Rows around one centre a class, in units and places that differ from feature to feature."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % n_classes
    rows = rng.normal(size=(n_classes, width))[targets] * apart + rng.normal(size=(n, width))
    return (rows * 10.0 ** np.arange(-3, width - 3) + 5).astype(np.float32), targets


def probs(found: HeadFit, features: Any) -> Any:
    return found.layer.logits(torch.from_numpy(features).double()).softmax(dim=1).numpy()


# the solvers


@pytest.mark.parametrize("strength", [0.5, 30.0])
def test_several_classes_as_scikit_learn(strength: float) -> None:
    rows, targets = clouds(90, 4)
    rows = StandardScaler().fit_transform(rows.astype(np.float64))
    theirs = LogisticRegression(C=1 / strength, tol=1e-10, max_iter=5000).fit(rows, targets)
    ours = logistic(4).solver(torch.from_numpy(rows), torch.from_numpy(targets)).at(strength, EXACT)
    np.testing.assert_allclose(ours.weight.numpy(), theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.bias.numpy() - ours.bias.mean().item(), theirs.intercept_, atol=1e-4)


def test_two_classes_as_scikit_learn() -> None:
    # two rows of weights, u and -u, are held down together: scikit-learn has one row, 2 u
    rows, targets = clouds(60, 2)
    rows = StandardScaler().fit_transform(rows.astype(np.float64))
    theirs = LogisticRegression(C=2 / 3.0, tol=1e-10, max_iter=5000).fit(rows, targets)
    ours = logistic(2).solver(torch.from_numpy(rows), torch.from_numpy(targets)).at(3.0, EXACT)
    np.testing.assert_allclose((ours.weight[1] - ours.weight[0]).numpy(), theirs.coef_[0], atol=1e-4)
    assert (ours.bias[1] - ours.bias[0]).item() == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_a_solver_asked_again_is_as_exact() -> None:
    rows, targets = (torch.from_numpy(part) for part in clouds(40, 3))
    solver = logistic(3).solver((rows.double() - rows.mean(dim=0)) / rows.std(dim=0), targets)
    once = solver.at(2.0, EXACT)
    solver.at(500.0, 1e-4)
    np.testing.assert_allclose(solver.at(2.0, EXACT).weight, once.weight, atol=1e-6)


@pytest.mark.parametrize("n", [4, 50])
def test_ridge_as_scikit_learn(n: int) -> None:
    rng = np.random.default_rng(1)
    rows, targets = rng.normal(size=(n, 7)) + 3, rng.normal(size=n) - 8
    theirs = Ridge(alpha=2.5).fit(rows, targets)
    ours = ridge().solver(torch.from_numpy(rows), torch.from_numpy(targets)).at(2.5, EXACT)
    np.testing.assert_allclose(ours.weight[0].numpy(), theirs.coef_, atol=1e-8)
    assert ours.bias.item() == pytest.approx(theirs.intercept_, abs=1e-8)


def test_ridge_by_hand() -> None:
    # x = -1, 1 and y = 1, 5: mean 3, slope (x . y) / (x . x + 2) = 4 / 4
    layer = ridge().solver(torch.tensor([[-1.0], [1.0]]).double(), torch.tensor([1.0, 5.0]).double()).at(2.0, EXACT)
    assert layer.weight.item() == pytest.approx(1.0)
    assert layer.bias.item() == pytest.approx(3.0)


# standardisation and the choice


@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_standardisation_is_folded_in(n_classes: int) -> None:
    rows, targets = clouds(80, n_classes)
    found = fit_head(logistic(n_classes), rows, targets, seed=0)
    scaled = StandardScaler().fit_transform(rows.astype(np.float64))
    inverse = (2 if n_classes == 2 else 1) / found.strength
    theirs = LogisticRegression(C=inverse, tol=1e-10, max_iter=5000).fit(scaled, targets)
    np.testing.assert_allclose(probs(found, rows), theirs.predict_proba(scaled), atol=1e-4)
    assert any(found.strength == pytest.approx(6 * factor) for factor in STRENGTHS)


def test_a_layer_at_a_named_strength_is_the_one_that_is_chosen_there() -> None:
    rows, targets = clouds(60, 3)
    found = fit_head(logistic(3), rows, targets, seed=0)
    same = fit_at(logistic(3), rows, targets, factor=found.strength / rows.shape[1])
    torch.testing.assert_close(same.weight, found.layer.weight, rtol=1e-5, atol=1e-7)
    strong = fit_at(logistic(3), rows, targets, factor=1e6)
    assert strong.logits(torch.from_numpy(rows).double()).std(dim=0).max() < 1e-3


def test_the_folds_say_what_is_recorded() -> None:
    rows, targets = clouds(50, 3)
    found = fit_head(logistic(3), rows, targets, seed=0)
    assert sorted(found.held_back) == list(range(50))
    said = torch.from_numpy(found.logits).log_softmax(dim=1).numpy()
    assert found.loss == pytest.approx(-said[np.arange(50), targets[found.held_back]].mean())


def test_noise_is_held_down_and_signal_is_not() -> None:
    rng = np.random.default_rng(0)
    rows, targets = clouds(100, 2, apart=3.0)
    noise = fit_head(logistic(2), rng.normal(size=(100, 6)).astype(np.float32), targets, seed=0)
    signal = fit_head(logistic(2), rows, targets, seed=0)
    assert noise.strength > 10 * signal.strength
    assert signal.loss < 0.2 < 0.6 < noise.loss < 0.75  # chance costs log 2


def test_many_validation_rows_choose_and_few_do_not() -> None:
    rows, targets = clouds(60, 2, apart=3.0)
    rng = np.random.default_rng(0)
    for n, decides in ((MANY_ROWS - 1, False), (MANY_ROWS, True)):
        valid = (rng.normal(size=(n, 6)).astype(np.float32), np.arange(n) % 2)  # says that nothing can be told
        found = fit_head(logistic(2), rows, targets, seed=0, valid=valid)
        assert (found.strength == STRENGTHS[0] * 6) == decides
        assert len(found.held_back) == (0 if decides else 60)
        assert found.logits.shape == (len(found.held_back), 2)


def test_the_same_seed_gives_the_same_layer() -> None:
    rows, targets = clouds(40, 2)
    one, same = (fit_head(logistic(2), rows, targets, seed=3) for _ in range(2))
    assert torch.equal(one.layer.weight, same.layer.weight)
    assert torch.equal(one.layer.bias, same.layer.bias)
    assert not np.array_equal(one.held_back, fit_head(logistic(2), rows, targets, seed=4).held_back)


# rows that make others fail


def test_features_that_do_not_vary_leave_the_classes_shares() -> None:
    rows = np.full((8, 3), 0.1, np.float32)
    found = fit_head(logistic(2), rows, np.array([0, 0, 0, 1, 0, 0, 0, 1]), seed=0)
    assert torch.equal(found.layer.weight, torch.zeros(2, 3, dtype=torch.float64))
    assert (found.layer.bias[0] - found.layer.bias[1]).item() == pytest.approx(math.log(3), abs=1e-6)
    rows = np.concatenate([rows, clouds(8, 2)[0]], axis=1)
    beside = fit_head(logistic(2), rows, np.arange(8) % 2, seed=0).layer.weight
    assert torch.equal(beside[:, :3], torch.zeros(2, 3, dtype=torch.float64))
    assert bool((beside[:, 3:] != 0).any())


def test_rows_that_a_plane_parts_keep_their_weights_finite() -> None:
    rows, targets = clouds(16, 2, apart=50.0)
    found = fit_head(logistic(2), rows, targets, seed=0)
    assert bool(found.layer.weight.isfinite().all())
    assert (probs(found, rows).argmax(axis=1) == targets).all()
    assert found.loss < 0.05


def test_a_class_with_one_row_is_never_held_back() -> None:
    rows, targets = clouds(31, 2, apart=4.0)
    targets = np.where(np.arange(31) == 7, 2, targets)
    found = fit_head(logistic(3), rows, targets, seed=0)
    assert 7 not in found.held_back
    assert len(found.held_back) == 30
    assert found.loss < 0.7
    assert probs(found, rows)[7, 2] > 0.1


def test_one_row_of_each_class_leaves_nothing_to_choose_by() -> None:
    rows, targets = clouds(4, 4, apart=9.0)
    found = fit_head(logistic(4), rows, targets, seed=0)
    assert found.strength == pytest.approx(0.6)
    assert len(found.held_back) == 0
    assert math.isnan(found.loss)
    assert (probs(found, rows).argmax(axis=1) == targets).all()


def test_a_class_without_rows_is_half_a_row() -> None:
    rows, targets = clouds(20, 2)
    found = fit_head(logistic(3), rows, np.where(targets == 1, 2, 0), seed=0)
    middle = rows.astype(np.float64).mean(axis=0, keepdims=True)
    assert probs(found, middle)[0, 1] == pytest.approx(1 / 41, abs=1e-6)  # 1/40 to the others' 1
    assert (probs(found, rows)[:, 1] < 0.05).all()
    only = fit_head(logistic(2), rows, np.zeros(20, np.int64), seed=0)
    np.testing.assert_allclose(probs(only, rows)[:, 0], 40 / 41, atol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 8, 100])
def test_any_number_of_classes(n_classes: int) -> None:
    rows, targets = clouds(3 * n_classes, n_classes, apart=6.0, width=12)
    found = fit_head(logistic(n_classes), rows, targets, seed=0)
    assert found.layer.weight.shape == (n_classes, 12)
    assert (probs(found, rows).argmax(axis=1) == targets).mean() > 0.9


def test_a_rare_class_is_not_lost() -> None:
    rows, _ = clouds(200, 2, apart=0.0)
    targets = (np.arange(200) % 25 == 0).astype(np.int64)
    rows[targets == 1] += 4 * rows.std(axis=0)
    found = fit_head(logistic(2), rows, targets, seed=0)
    assert (probs(found, rows).argmax(axis=1) == targets).mean() > 0.98


def test_numbers_are_fitted() -> None:
    rows, _ = clouds(60, 2)
    slopes = 1 / rows.std(axis=0)
    targets = (rows - rows.mean(axis=0)) @ slopes
    found = fit_head(ridge(), rows, targets, seed=0)
    said = found.layer.logits(torch.from_numpy(rows).double())[:, 0].numpy()
    assert np.abs(said - targets).max() < 0.1
    assert found.loss < 0.01
    one = fit_head(ridge(), rows[:1], targets[:1], seed=0)  # a single row is its own mean
    assert one.layer.logits(torch.from_numpy(rows[:1]).double()).item() == pytest.approx(targets[0])


# the folds


def test_folds_by_hand() -> None:
    strata = np.array([0] * 7 + [1] * 3 + [2])
    dealt = folds(strata, seed=0)
    assert dealt[-1] == -1
    assert sorted(dealt[:7]) == [0, 0, 1, 1, 2, 3, 4]
    assert sorted(dealt[7:10]) == [2, 3, 4]  # where the class before left off


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_every_fold_leaves_a_row_of_each_class_to_the_others(labels: list[int], seed: int) -> None:
    strata = np.array(labels)
    dealt = folds(strata, seed)
    counts = np.bincount(strata)
    assert np.array_equal(dealt == -1, counts[strata] == 1)
    for stratum in np.flatnonzero(counts > 1):
        of_each = np.bincount(dealt[strata == stratum], minlength=N_FOLDS)
        assert of_each.max() - of_each.min() <= 1
        assert of_each.max() < counts[stratum]
