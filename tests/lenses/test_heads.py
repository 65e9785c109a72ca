"""Heads retrained in batches against scikit-learn, one at a time, at its tightest tolerance."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from spexcore.errors import BadValue
from spexcore.lenses import newton
from spexcore.lenses.heads import Head, margins
from spexcore.lenses.influence import Question, influence, leave_one_out, self_margins

CONSTANT = 100.0  # a feature of 100 inside the ridge is an intercept penalised with 1e-4 of it


def table(n: int, d: int, n_classes: int, seed: int = 0, signal: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, d))
    logits = signal * features @ rng.standard_normal((d, n_classes))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(n_classes, p=share) for share in shares])
    labels[:n_classes] = np.arange(n_classes)
    return features, labels


def oracle(head: Head, weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Logits (n_points, n_classes) of scikit-learn's solution."""
    widened = lambda x: np.hstack([x, np.full((len(x), 1), CONSTANT)])
    model = LogisticRegression(
        C=1 / head.ridge, fit_intercept=False, tol=1e-12, max_iter=20_000, solver="newton-cholesky"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its line search complains at the last digits
        model.fit(widened(head.features), head.labels, sample_weight=weights)
    scores = model.decision_function(widened(points))
    return scores if head.n_classes > 2 else np.stack([np.zeros(len(scores)), scores], axis=1)


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5, 6])
@pytest.mark.parametrize(("ridge", "signal"), [(1.0, 1.0), (0.1, 3.0)])
def test_margins_are_those_of_scikit_learn(n_classes: int, ridge: float, signal: float) -> None:
    features, labels = table(120, 9, n_classes, seed=n_classes, signal=signal)
    head = Head(features, labels, n_classes, ridge)
    rng = np.random.default_rng(1)
    weights = (rng.random((7, 120)) < np.linspace(0.2, 0.95, 7)[:, None]).astype(float)
    points, targets = features[:5] + 0.3, labels[:5]
    found = margins(head.logits(head.retrained(weights), points), targets)
    for row, kept in zip(found, weights, strict=True):
        expected = margins(oracle(head, kept, points)[None], targets)[0]
        np.testing.assert_allclose(row, expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_lost_class_has_a_finite_margin_that_scikit_learn_finds_too(n_classes: int) -> None:
    features, labels = table(80, 6, n_classes)
    head = Head(features, labels, n_classes)
    weights = np.stack([labels != 0, labels == 1]).astype(float)
    points = features[:3]
    found = head.logits(head.retrained(weights), points)
    for row, kept in zip(found, weights, strict=True):
        for target in range(n_classes):
            targets = np.full(3, target)
            expected = margins(oracle(head, kept, points)[None], targets)[0]
            np.testing.assert_allclose(margins(row[None], targets)[0], expected, atol=1e-7, rtol=0)
    assert np.abs(found).max() < 30


def test_the_empty_set_says_nothing() -> None:
    for n_classes in (2, 5):
        features, labels = table(40, 4, n_classes)
        head = Head(features, labels, n_classes)
        theta = head.retrained(np.zeros((2, 40)))
        assert not theta.any()
        found = margins(head.logits(theta, features[:2]), np.array([0, 1]))
        np.testing.assert_allclose(found, -np.log(n_classes - 1.0), atol=1e-12)


def test_features_wider_than_the_table() -> None:
    features, labels = table(30, 50, 2)
    head = Head(features, labels, 2, 0.5)
    kept = (np.arange(30) % 3 > 0).astype(float)
    found = head.logits(head.retrained(kept[None]), features[:4])[0]
    np.testing.assert_allclose(found, oracle(head, kept, features[:4]), atol=1e-7)


@settings(max_examples=25)
@given(st.integers(2, 4), st.integers(0, 10_000), st.floats(0.01, 100.0))
def test_the_gradient_vanishes_and_batches_do_not_matter(n_classes: int, seed: int, ridge: float) -> None:
    features, labels = table(50, 5, n_classes, seed)
    head = Head(features, labels, n_classes, ridge)
    weights = (np.random.default_rng(seed).random((6, 50)) < 0.5).astype(float)
    theta = head.retrained(weights)
    alone = np.concatenate([head.retrained(row[None]) for row in weights])
    np.testing.assert_allclose(theta, alone, atol=1e-7)
    z = np.hstack([features, np.ones((50, 1))])
    penalty = ridge * np.array([1.0] * 5 + [1e-4])
    for t, w in zip(theta, weights, strict=True):
        scores = z @ t.T if n_classes > 2 else np.hstack([np.zeros((50, 1)), z @ t.T])
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        residual = w[:, None] * (p - np.eye(n_classes)[labels])
        gradient = (residual if n_classes > 2 else residual[:, 1:]).T @ z + penalty * t
        assert np.abs(gradient).max() < 1e-8


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.floats(-3, 4), st.floats(-2, 1))
def test_any_table_is_solved(seed: int, log_ridge: float, log_scale: float) -> None:
    """Few rows or many, classes lost, features large or small, weak ridges: float32 inside must never matter."""
    rng = np.random.default_rng(seed)
    n, d, n_classes, ridge = int(rng.integers(3, 60)), int(rng.integers(1, 30)), int(rng.integers(2, 7)), 10**log_ridge
    features = rng.standard_normal((n, d)) / np.sqrt(d) * 10**log_scale
    head = Head(features, rng.integers(0, n_classes, n), n_classes, ridge)
    weights = (rng.random((5, n)) < rng.random()).astype(float)
    theta = head.retrained(weights)
    p = newton.probabilities(head.problem.scores(theta))
    residual = weights[:, None] * (p - head.problem.targets)
    gradient = np.einsum("mkn,nd->mkd", residual, head.problem.rows) + theta * head.problem.ridge
    assert np.abs(gradient[..., :-1]).max() <= 2e-9 * np.sqrt(ridge)


def test_a_head_that_cannot_be_solved_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = table(40, 4, 2)
    monkeypatch.setattr(newton, "_STEPS", 1)
    with pytest.raises(BadValue, match="ridge"):
        _ = Head(features, labels, 2).full


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("value", ["margin", "loss"])
def test_influence_is_the_derivative_by_a_weight(n_classes: int, value: str) -> None:
    features, labels = table(60, 5, n_classes)
    head = Head(features, labels, n_classes)
    question = Question(features[:4] + 0.1, labels[:4], value)
    found = influence(head, question)
    for row in (0, 7, 33):
        step = np.zeros(60)
        step[row] = 1e-3
        up, down = question.of(head, head.retrained(np.stack([1 + step, 1 - step])))
        assert found[row] == pytest.approx((up - down) / 2e-3, abs=2e-5)


def test_leave_one_out_retrains() -> None:
    features, labels = table(40, 4, 3)
    head = Head(features, labels, 3)
    question = Question(features[:1], labels[:1])
    found = leave_one_out(head, question)
    for row in (0, 5, 39):
        kept = np.ones(40)
        kept[row] = 0
        whole, rest = (margins(oracle(head, w, features[:1])[None], labels[:1])[0, 0] for w in (np.ones(40), kept))
        assert found[row] == pytest.approx(whole - rest, abs=1e-7)
    own = self_margins(head, np.array([5, 39]))
    for row, value in zip((5, 39), own, strict=True):
        kept = np.ones(40)
        kept[row] = 0
        one = slice(row, row + 1)
        assert value == pytest.approx(margins(oracle(head, kept, features[one])[None], labels[one])[0, 0], abs=1e-7)
