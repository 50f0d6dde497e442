"""Losses: predictions and targets of one shape -> one number. They are composed of ops.

=========================  =======================================  ============================
loss                       φ (T samples)                            dφ/dx
=========================  =======================================  ============================
joint_squared_error        (1/T) Σ ½ (x − t)²                       (x − t)/T
joint_distance             mean of ‖x − t‖ over n triples           (x − t)/(n ‖x − t‖)
window_cross_entropy       (1/T) Σ ½ (softplus(2x) − 2tx)           (σ(2x) − t)/T
dice_loss                  1 − (1/T) Σ A/D, A = 2 Σxt + s,          (A − 2tD)/(T D²)
                           D = Σx + Σt + s of each image
mse                        mean of the n squares (x − t)²           2(x − t)/n
categorical_cross_entropy  −(1/n) Σ t_c log softmax(x)_c, n pixels  (softmax(x)_c Σt − t_c)/n
the same, with classes y   −(1/n) Σ log softmax(x)_y                (softmax(x)_c − [c = y])/n
=========================  =======================================  ============================

The target is no tensor and gets no gradient. A distance of exactly zero has the gradient zero.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, losses
from minipose.backend import array_module, to_host
from minipose.gradcheck import check_direction
from tests import loss_reference
from tests.ops.case import Case, calls, uniform


def _against(loss):
    """The loss as an op of one tensor; its target goes where the prediction lies."""

    def op(x, target):
        return loss(x, array_module(x.data).asarray(target))

    return op


@st.composite
def predictions(draw, shapes, values=None, labels=None):
    """A prediction and a target of its shape: 0 or 1, or drawn by ``labels``."""
    shape = draw(st.sampled_from(shapes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    target = (rng.random(shape) < 0.4) * 1.0 if labels is None else labels(rng, shape)
    return draw(calls([shape], values, target=st.just(target)))


@st.composite
def labelled(draw):
    """Scores and the number of a class for each pixel, or each sample."""
    shape = draw(st.sampled_from([(4, 3), (3, 3), (2, 3, 2, 2), (3, 2, 3)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    kind = draw(st.sampled_from([np.int64, np.uint8]))
    return draw(calls([shape], target=st.just(labels.astype(kind))))


anywhere, far, fractions = uniform(-2, 2), uniform(3, 5), uniform(0.1, 0.9)
joints = [(4, 6), (2, 2, 3), (1, 3), (3, 3)]
images = [(2, 3, 4), (1, 2, 2), (3, 3, 3)]
classes = [(2, 3, 2, 2), (1, 2, 3, 1), (3, 3, 3, 3)]
ROWS = {
    "joint_squared_error": predictions(joints, anywhere, anywhere),
    "joint_distance": predictions(joints, anywhere, far),
    "window_cross_entropy": predictions([(3, 8), (1, 5), (4, 4)], anywhere),
    "dice_loss": predictions(images, fractions),
    "mse": predictions([*joints, *images], anywhere, anywhere),
    "categorical_cross_entropy": predictions(classes, anywhere, uniform(0, 1)),
}
CASES = [
    Case(name, _against(getattr(losses, name)), row, getattr(loss_reference, name))
    for name, row in ROWS.items()
] + [
    Case(
        "categorical_cross_entropy/labels",
        losses.categorical_cross_entropy,  # labels are brought to where the scores lie
        labelled(),
        loss_reference.cross_entropy_of_labels,
    )
]


def test_joints_by_hand():
    """A 3-4-5 triangle and an exact prediction: ½·25 and 5, averaged over two samples."""
    predicted = Tensor(np.array([[3.0, 4.0, 0.0], [1.0, 1.0, 1.0]]), requires_grad=True)
    target = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    square = losses.joint_squared_error(predicted, target)
    assert square.item() == 6.25
    square.backward()
    np.testing.assert_array_equal(predicted.grad, [[1.5, 2, 0], [0, 0, 0]])
    predicted.grad = None
    distance = losses.joint_distance(predicted, target)
    assert distance.item() == pytest.approx(2.5, abs=1e-6)
    distance.backward()
    np.testing.assert_allclose(predicted.grad, [[0.3, 0.4, 0], [0, 0, 0]], rtol=1e-12)


def test_windows_by_hand():
    """z = 0 is undecided: ½ log 2 each, whatever the labels."""
    logits = Tensor(np.zeros((2, 3)), requires_grad=True)
    loss = losses.window_cross_entropy(logits, np.array([[0.0, 1, 0], [1, 1, 0]]))
    assert loss.item() == pytest.approx(3 * 0.5 * np.log(2))
    loss.backward()
    np.testing.assert_allclose(logits.grad, [[0.25, -0.25, 0.25], [-0.25, -0.25, 0.25]])


def test_windows_far_from_zero_do_not_overflow():
    logits = Tensor(np.array([[800.0, -800.0]]), requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        loss = losses.window_cross_entropy(logits, np.array([[0.0, 0.0]]))
        loss.backward()
    assert loss.item() == 800.0
    np.testing.assert_array_equal(logits.grad, [[1.0, 0.0]])


def test_dice_by_hand():
    """The first image: 2·1/(2 + 1); the second is empty and rightly so: 1."""
    probabilities = Tensor(np.array([[[1.0, 1.0]], [[0.0, 0.0]]]))
    mask = np.array([[[1.0, 0.0]], [[0.0, 0.0]]])
    loss = losses.dice_loss(probabilities, mask)
    assert loss.item() == pytest.approx(1 - (2 / 3 + 1) / 2, abs=1e-6)


def test_means_by_hand():
    assert losses.mse(Tensor([1.0, 3.0]), np.array([0.0, 1.0], np.float32)).item() == 2.5
    for shape in ((1, 4, 1, 2), (3, 4)):  # pixels, and samples that have none
        one_hot = np.zeros(shape)
        one_hot[:, 0] = 1
        undecided = losses.categorical_cross_entropy(Tensor(np.zeros(shape)), one_hot)
        assert undecided.item() == pytest.approx(np.log(4))


def test_labels_are_one_hot_classes(xp):
    """As integers of any kind, on the host or where the scores lie."""
    scores = np.random.default_rng(0).standard_normal((3, 4, 2))
    labels = np.array([[0, 3], [1, 1], [2, 0]])
    expected = losses.categorical_cross_entropy(Tensor(scores), np.eye(4)[labels].swapaxes(1, 2))
    x = Tensor(xp.asarray(scores))
    for given in (labels, labels.tolist(), labels.astype(np.uint8), xp.asarray(labels)):
        assert losses.categorical_cross_entropy(x, given).item() == pytest.approx(expected.item())
    with pytest.raises(ValueError, match=r"categorical_cross_entropy: predicted .* target \(3,\)"):
        losses.categorical_cross_entropy(Tensor(scores), labels[:, 0])


def test_one_hot(xp):
    hot = losses.one_hot(xp.asarray([[1, 2, 0]]), 3)
    assert array_module(hot) is xp and hot.dtype == np.float32
    np.testing.assert_array_equal(to_host(hot), [[[0, 1, 0], [0, 0, 1], [1, 0, 0]]])
    assert losses.one_hot(np.zeros((0, 2), int), 3).shape == (0, 2, 3)


@pytest.mark.parametrize(("label", "named"), [(4, "4"), (-1, "-1")])
def test_a_label_that_is_no_class_is_named(label, named):
    message, scores = f": label {named} is not from 0 to 3", Tensor(np.ones((2, 4)))
    with pytest.raises(ValueError, match="^one_hot" + message):
        losses.one_hot([0, label, 3], 4)
    with pytest.raises(ValueError, match="^categorical_cross_entropy" + message):
        losses.categorical_cross_entropy(scores, np.array([3, label]))
    for labels in ([0.0, 1.0], np.array([True, False])):
        for call in (losses.one_hot, lambda x, n: losses.categorical_cross_entropy(scores, x)):
            with pytest.raises(TypeError, match=r": expected integers, got (float64|bool)"):
                call(labels, 4)
    with pytest.raises(ValueError, match=r"predicted \(2, 4\), target \(\)"):
        losses.categorical_cross_entropy(scores, 2.0)


@pytest.mark.parametrize(
    ("loss", "x", "target", "message"),
    [
        (losses.dice_loss, 0.5, 255, "dice_loss: expected a mask from 0 to 1, got 0 to 255"),
        (losses.dice_loss, 0.5, -1, "dice_loss: expected a mask from 0 to 1, got -1 to 0"),
        (losses.dice_loss, 2, 1, "dice_loss: expected probabilities from 0 to 1, got 0 to 2"),
        (losses.dice_loss, -2, 1, "dice_loss: expected probabilities from 0 to 1, got -2 to 0"),
        (losses.window_cross_entropy, 9, 255, "window_cross_entropy: expected labels from 0 to 1"),
    ],
)
def test_what_is_no_fraction_is_refused(loss, x, target, message):
    x, target = (np.array([[0.0, 0.0], [0.0, value]]) for value in (x, target))
    with pytest.raises(ValueError, match=message):
        loss(Tensor(x), target)


def test_fractions_may_be_rounded_and_trained_ones_may_be_nan():
    """A training that diverges is told so by its loop, not that its probabilities are wrong."""
    edges = np.array([[-losses.MARGIN, 1 + losses.MARGIN]])
    assert losses.dice_loss(Tensor(edges), edges).item() == pytest.approx(0, abs=0.01)
    assert np.isnan(losses.dice_loss(Tensor(edges * np.nan), edges).item())


def test_values_on_a_device_are_not_looked_at(xp):
    """Looking would wait for the device; there they are computed with, as they are."""
    if xp is np:
        pytest.skip("NumPy's arrays can be looked at any time")
    two = xp.asarray([[2.0]])
    assert losses.dice_loss(Tensor(two), two).item() == pytest.approx(1 - 8 / 4)
    assert not to_host(losses.one_hot(xp.asarray([7]), 3)).any()


LARGE = {
    "joint_squared_error": (8, 51),
    "joint_distance": (8, 17, 3),
    "window_cross_entropy": (8, 1700),
    "dice_loss": (4, 19, 17),
    "mse": (4, 1, 19, 17),
    "categorical_cross_entropy": (3, 26, 9, 7),
}


@pytest.mark.parametrize("case", CASES[: len(ROWS)], ids=str)
def test_the_slope_along_a_random_direction(case):
    """Of a batch as large as those in training, all entries at once."""
    rng, shape = np.random.default_rng(0), LARGE[case.name]
    x, target = rng.uniform(0.1, 0.9, shape), (rng.random(shape) < 0.5) * 1.0
    assert check_direction(lambda x: case.op(x, target), [x], rtol=1e-7).worst <= 1e-7


@pytest.mark.parametrize("name", ROWS)
def test_shapes_must_agree_exactly(name):
    """A broadcast would compare everything with everything, and nobody would notice."""
    loss, x = getattr(losses, name), Tensor(np.ones((2, 3, 1)))
    with pytest.raises(ValueError, match=rf"{name}: predicted \(2, 3, 1\), target \(1, 3, 1\)"):
        loss(x, np.ones((1, 3, 1)))
    for shape in ((0, 3), (3, 0), ()):
        with pytest.raises(ValueError, match=f"{name}: expected at least one sample, got shape"):
            loss(Tensor(np.ones(shape)), np.ones(shape))


def test_shapes_that_a_loss_cannot_read():
    with pytest.raises(ValueError, match=r"joint_distance: expected \(T, 3N\) or .* got \(2, 4\)"):
        losses.joint_distance(Tensor(np.ones((2, 4))), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"joint_distance: expected \(T, 3N\) or .* got \(3,\)"):
        losses.joint_distance(Tensor(np.ones(3)), np.ones(3))
    with pytest.raises(
        ValueError, match=r"categorical_cross_entropy: expected \(N, C, \.\.\.\), g"
    ):
        losses.categorical_cross_entropy(Tensor(np.ones(4)), np.ones(4))


def test_a_target_of_another_dtype_follows_the_prediction():
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    loss = losses.mse(x, np.zeros((2, 3)))
    loss.backward()
    assert loss.dtype == x.grad.dtype == np.float32
