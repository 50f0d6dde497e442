"""What the two reports minimise. Each loss is composed of ops, so its derivative is theirs.

Losses average over the samples of a batch, as report 1's eq. 7 averages the derivative. They refuse
operands of different shapes: a broadcast would silently compare everything with everything.
"""

from __future__ import annotations

import numpy as np

from minipose import ops
from minipose.backend import Array, array_module, is_array
from minipose.tensor import Tensor

MARGIN = 1e-3  # by which interpolation and rounding may carry a fraction out of [0, 1]


def joint_squared_error(predicted: Tensor, target: Array) -> Tensor:
    """φ = (1/T) Σₜ ½ Σᵢ ‖Rᵢ − R̂ᵢ‖²: half the squared distance, summed over joints.

    Parameters
    ----------
    predicted, target : shape (T, 51) or (T, 17, 3), mm

    Source: report 1, eq. 2 and 6 (there the sum over t; eq. 7 divides its derivative by T).
    """
    target = _target("joint_squared_error", predicted, target)
    difference = predicted - target
    return 0.5 / predicted.shape[0] * ops.sum(difference * difference)


def joint_distance(predicted: Tensor, target: Array) -> Tensor:
    """φ = (1/(T·N)) Σₜ Σᵢ ‖Rᵢ − R̂ᵢ‖: the mean distance itself, which is the MPJPE in training.

    Parameters
    ----------
    predicted, target : shape (T, 3N) or (T, N, 3), mm

    Source: report 1's published code; its text squares the distance (``joint_squared_error``).
    """
    target = _target("joint_distance", predicted, target)
    if predicted.ndim < 2 or predicted.shape[-1] % 3 != 0:
        raise ValueError(f"joint_distance: expected (T, 3N) or (T, N, 3), got {predicted.shape}")
    difference = ops.reshape(predicted - target, (-1, 3))  # (T·N, 3)
    squared = ops.sum(difference * difference, axis=1)
    # 1e-12 mm² keeps the derivative of the root finite where a prediction is exact.
    return ops.mean(ops.sqrt(squared + 1e-12))


def window_cross_entropy(logits: Tensor, labels: Array) -> Tensor:
    """φ = (1/T) Σₜ ½ Σᵢ Σₗ −h log ĥ − (1 − h) log(1 − ĥ) with ĥ = (1 + tanh z)/2 = σ(2z).

    The report puts tanh on the last layer and then takes logarithms, which needs ĥ in (0, 1): the
    tanh moved into that range is the logistic function of 2z. In terms of z the summand is
    softplus(2z) − 2hz, which neither overflows nor takes the logarithm of zero.

    Parameters
    ----------
    logits : Tensor, shape (T, 1700)
        z, the last layer's linear output.
    labels : array, shape (T, 1700), 0 or 1
        Looked at only on a CPU, as in ``dice_loss``.

    Source: report 1, eq. 4 and 5.
    """
    labels = _target("window_cross_entropy", logits, labels)
    _check_fractions("window_cross_entropy: expected labels", labels)
    doubled = 2 * logits
    return 0.5 / logits.shape[0] * ops.sum(ops.softplus(doubled) - labels * doubled)


def dice_loss(probabilities: Tensor, mask: Array, smooth: float = 1e-6) -> Tensor:
    """1 − (1/N) Σₙ (2 Σ p t + s) / (Σ p + Σ t + s) over the pixels of each image.

    Parameters
    ----------
    probabilities : Tensor, shape (N, H, W)
        The foreground channel after the softmax.
    mask : array, shape (N, H, W), 0 or 1
    smooth : float
        s: makes an empty prediction of an empty mask count as right.

    Raises
    ------
    ValueError
        If probabilities or mask are not from 0 to 1 (scores, or a mask of 0 and 255). On a GPU
        they are not looked at, since that would wait for it.

    Source: report 2, eq. 1, with the constant of its code.
    """
    mask = _target("dice_loss", probabilities, mask)
    _check_fractions("dice_loss: expected probabilities", probabilities)
    _check_fractions("dice_loss: expected a mask", mask)
    axes = tuple(range(1, probabilities.ndim))
    overlap = ops.sum(probabilities * mask, axis=axes)
    total = ops.sum(probabilities, axis=axes) + ops.sum(mask, axis=axes)
    return 1 - ops.mean((2 * overlap + smooth) / (total + smooth))


def mse(predicted: Tensor, target: Array) -> Tensor:
    """Mean over all elements of (predicted − target)².

    Source: report 2, section II.D.3 a.
    """
    target = _target("mse", predicted, target)
    difference = predicted - target
    return ops.mean(difference * difference)


def categorical_cross_entropy(logits: Tensor, target: Array) -> Tensor:
    """Mean over pixels of −Σ_c t_c log softmax(z)_c, channels on axis 1.

    Parameters
    ----------
    logits : Tensor, shape (N, C, H, W) or (N, C)
        Scores before the softmax.
    target : array, shape (N, C, H, W) or (N, C), or integers (N, H, W) or (N,)
        One-hot classes, or any non-negative weights (report 2's blurred values); or the numbers of
        the classes, from 0 (``one_hot``).

    Source: report 2, section II.D.3 b and c.
    """
    target = _target("categorical_cross_entropy", logits, _weights(logits, target))
    if logits.ndim < 2:
        raise ValueError(f"categorical_cross_entropy: expected (N, C, ...), got {logits.shape}")
    pixels = logits.size / logits.shape[1]
    return -1 / pixels * ops.sum(target * ops.log_softmax(logits, axis=1))


def _weights(logits: Tensor, target: Array) -> Array:
    """One-hot for the numbers of classes; all else as it is."""
    labels = np.asarray(target) if isinstance(target, (list, tuple)) else target
    pixels = logits.shape[:1] + logits.shape[2:]
    if logits.ndim < 2 or not is_array(labels) or labels.shape != pixels:
        return target
    xp = array_module(logits.data)
    hot = _one_hot("categorical_cross_entropy", labels, logits.shape[1])
    return xp.moveaxis(xp.asarray(hot), -1, 1)


def one_hot(labels: Array, classes: int) -> Array:
    """1 in the place of each label, else 0: integers (N, ...) -> float32 (N, ..., classes).

    Raises ValueError for a label that is no class; on a GPU, where that is not looked at, it is 0
    in all places.

    Example
    -------
    >>> one_hot([2, 0], classes=3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    return _one_hot("one_hot", labels if is_array(labels) else np.asarray(labels), classes)


def _one_hot(name: str, labels: Array, classes: int) -> Array:
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integers, got {labels.dtype}")
    xp = array_module(labels)
    if xp is np:
        wrong = labels[(labels < 0) | (labels >= classes)]
        if wrong.size:
            raise ValueError(f"{name}: label {wrong[0]} is not from 0 to {classes - 1}")
    return (labels[..., None] == xp.arange(classes)).astype(np.float32)


def _target(name: str, predicted: Tensor, target: Array | Tensor) -> Tensor:
    target = target if isinstance(target, Tensor) else Tensor(target)
    if predicted.shape != target.shape:
        raise ValueError(f"{name}: predicted {predicted.shape}, target {target.shape}")
    if predicted.ndim == 0 or predicted.size == 0:
        raise ValueError(f"{name}: expected at least one sample, got shape {predicted.shape}")
    if target.dtype != predicted.dtype:
        target = Tensor(target.data.astype(predicted.dtype))
    return target


def _check_fractions(expected: str, x: Tensor) -> None:
    if array_module(x.data) is np:
        low, high = x.data.min(), x.data.max()
        if low < -MARGIN or high > 1 + MARGIN:
            raise ValueError(f"{expected} from 0 to 1, got {low:g} to {high:g}")
