"""Harmonic convolution: x, planes of streams ``of`` -> y, planes of streams ``into``; 'same' size.

    polar            a = R e^{iβ}
    harmonic_kernel  W[o, i] = Σ_r a[o, i, r] B_ν[r]  (+ (1 + i) c[o, i] D for equal orders)
    harmonic_conv2d  y[o] = Σ_i W[o, i] ⋆ x[i] in complex numbers, upsampled first if asked for

It is linear in x, and linear in (a, c).
"""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.kernels.faster import plain_only
from tests import harmonic_reference as reference
from tests.ops.case import Case, calls

pairs = st.lists(
    st.sampled_from([((1, 1), (1, 1)), ((2, 1), (1, 2)), ((2,), (1, 1)), ((1, 1), (2,))]),
    min_size=1, max_size=1,
).map(lambda one: one[0])  # fmt: skip
SIZES = st.sampled_from([(3, 4), (2, 2), (1, 3), (4, 1)])


def _centres(into, of):
    return list(zip(into, of, strict=False))


@st.composite
def convolutions(draw, streams=pairs, kernel_size=3, real=False, **options):
    """Streams of every kind of pair, small pictures, one or two of them."""
    into, of = draw(streams)
    n = draw(st.integers(1, 2))
    planes = sum(of) * (1 if real else 2)
    rings = (kernel_size - 1) // 2
    shapes = [(n, planes, *draw(SIZES)), (2, sum(into), sum(of), rings), *_centres(into, of)]
    return draw(calls(shapes, into=into, of=of, kernel_size=kernel_size, **options))


def convolve(x, weights, *centres, into, of, **options):
    """The op with its centres as inputs like the others."""
    return ops.harmonic_conv2d(x, weights, centres, into, of, **options)


@st.composite
def kernels(draw):
    into, of = draw(pairs)
    k = draw(st.sampled_from([3, 5]))
    shapes = [(2, sum(into), sum(of), (k - 1) // 2), *_centres(into, of)]
    return draw(calls(shapes, into=into, of=of, kernel_size=k))


real = st.sampled_from([((1, 1), (2,)), ((2,), (3,))])
head = st.sampled_from([((2,), (1, 1)), ((1,), (2,))])
without = st.sampled_from([((0, 2), (1,)), ((2, 0), (1,)), ((1,), (0, 2)), ((0, 2), (1, 1))])
VARIANTS = {
    "": convolutions(),
    "/5x5": convolutions(kernel_size=5),
    "/real_input": convolutions(real, real=True),
    "/real_output": convolutions(head, real_output=True),
    "/one_order": convolutions(st.just(((2,), (1,)))),
    "/three_orders": convolutions(st.just(((1, 0, 1), (1, 1)))),
    "/square": convolutions(st.just(((2, 1), (2, 1)))),  # shapes survive a transposition
    "/order_without_channels": convolutions(without),
    "/upsampled": convolutions(st.just(((1, 1), (2, 2))), scale=2),
}

KERNEL = Case(
    "harmonic_kernel",
    lambda weights, *centres, **options: ops.harmonic_kernel(weights, centres, **options),
    kernels(),
    reference.harmonic_kernel,
    linear_in=(0, 1),
)
same_shapes = st.sampled_from([[(2, 3), (2, 3)], [(1,), (1,)], [(2, 3, 3), (2, 3, 3)]])

CASES = [
    Case("polar", ops.polar, calls(same_shapes), reference.polar, linear_in=(0,)),
    KERNEL,
    *(
        Case(f"harmonic_conv2d{variant}", convolve, calls_, reference.harmonic_conv2d, (0,))
        for variant, calls_ in VARIANTS.items()
    ),
]


either_form = pytest.mark.parametrize("form", [nullcontext, plain_only])


@either_form
def test_by_hand(form):
    """One channel in, one out, a = 1 at order 1 -> 0: the pattern B₁ itself, not flipped."""
    edge, corner = 0.921380202687, 0.957830950468
    x = np.zeros((1, 2, 3, 3))
    x[0, 0, 1, 2] = 1  # right of the centre, real
    x = Tensor(x, requires_grad=True)
    weights = np.zeros((2, 1, 1, 1))
    weights[0] = 1
    with form():
        y = ops.harmonic_conv2d(x, Tensor(weights), [Tensor(np.zeros((1, 0)))], (1,), (0, 1)).data[
            0
        ]
    assert y[0, 1, 1] == pytest.approx(edge) and y[1, 1, 1] == pytest.approx(0, abs=1e-15)
    assert y[0, 2, 1] == pytest.approx(corner / np.sqrt(2))  # the pixel is up right of this one,
    assert y[1, 2, 1] == pytest.approx(-corner / np.sqrt(2))  # where φ = −45°


@either_form
def test_gradients_are_those_of_the_loops(form):
    """Linear in x and in (a, c): the loops at unit inputs give every derivative, without steps."""
    rng, of, into = np.random.default_rng(3), (2, 1), (1, 2)
    values = [rng.standard_normal(shape) for shape in [(1, 6, 3, 4), (2, 3, 3, 1), (1, 2), (2, 1)]]
    leaves = [Tensor(value, requires_grad=True) for value in values]
    with form():
        y = ops.harmonic_conv2d(leaves[0], leaves[1], leaves[2:], into, of)
    c = rng.standard_normal(y.shape)
    y.backward(c)
    for k, leaf in enumerate(leaves):
        for j in range(leaf.size):
            inputs = list(values) if k == 0 else [values[0], *(0 * v for v in values[1:])]
            inputs[k] = np.zeros(leaf.shape)
            inputs[k].flat[j] = 1
            loops = reference.harmonic_conv2d(*inputs, into=into, of=of, kernel_size=3)
            expected = (c * loops).sum()
            assert leaf.grad.flat[j] == pytest.approx(expected, rel=1e-10, abs=1e-12)


X, W, C = Tensor(np.ones((1, 4, 3, 3))), Tensor(np.ones((2, 2, 2, 1))), Tensor(np.ones((1, 1)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.polar(W, C), "radial .* and phase .* differ in shape"),
        (
            lambda: ops.harmonic_conv2d(X, W, [C, C], (1, 1), (2, 1)),
            r"streams \(2, 1\) are 6 planes, got x \(1, 4, 3, 3\)",
        ),
        (
            lambda: ops.harmonic_conv2d(X, W, [C, C], (1, 2), (1, 1)),
            r"expected weights \(2, 3, 2, 1\) for streams \(1, 1\) -> \(1, 2\), got \(2, 2, 2, 1\)",
        ),
        (
            lambda: ops.harmonic_conv2d(X, W, [C], (1, 1), (1, 1)),
            r"expected centres \[\(1, 1\), \(1, 1\)\], got \[\(1, 1\)\]",
        ),
        (lambda: ops.harmonic_kernel(W, [C, C], (1, 1), (1, 1), 4), "odd kernel size from 3"),
        (
            lambda: ops.harmonic_conv2d(X, W, [C, C], (1, 1), (1, 1), scale=0),
            "expected a positive whole scale, got 0",
        ),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_array_in_place_of_a_tensor_is_named():
    with pytest.raises(TypeError, match=r"^polar: expected Tensors, got ndarray"):
        ops.polar(C, C.data)
    for x, w, c in ((X.data, W, C), (X, W.data, C), (X, W, C.data)):
        with pytest.raises(TypeError, match=r"^harmonic_conv2d: expected Tensors, got ndarray"):
            ops.harmonic_conv2d(x, w, [C, c], (1, 1), (1, 1))
