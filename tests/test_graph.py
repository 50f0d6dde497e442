"""The walk back: who may hold which gradient array, what is kept, what is not even looked at.

``test_tensor.py`` says what ``backward`` gives; here is what could go wrong on the way unnoticed.
"""

import numpy as np
import pytest

from minipose import Tensor, graph
from minipose.kernels.faster import plain_only
from minipose.tensor import record


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


def with_backward(backward, *inputs, name="test"):
    """The first input's values as the result of an op with that derivative."""
    return record(name, inputs[0].data * 1.0, inputs=inputs, backward=backward)


@pytest.mark.parametrize(
    ("shape", "backward"),
    [((2,), lambda g: (g,)), ((1, 2), lambda g: (g.reshape(2),))],
    ids=["the_cotangent_itself", "a_view_of_it"],
)
def test_a_leaf_never_holds_the_cotangent(shape, backward):
    x = leaf(1.0, 2.0)
    y = record("hand on", x.data.reshape(shape), inputs=(x,), backward=backward)
    cotangent = np.ones(shape)
    y.backward(cotangent)
    assert not np.shares_memory(x.grad, cotangent)


def test_two_leaves_never_hold_one_array_that_an_op_gave_twice():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)

    def backward(grad_y):
        twice = 2 * grad_y
        return twice, twice

    with_backward(backward, a, b).backward(np.ones(2))
    assert not np.shares_memory(a.grad, b.grad)


def test_a_fresh_gradient_is_handed_over_without_a_copy():
    x, given = leaf(1.0, 2.0), []

    def backward(grad_y):
        given.append(3 * grad_y)
        return (given[0],)

    with_backward(backward, x).backward(np.ones(2))
    assert x.grad is given[0]


@pytest.mark.parametrize(
    "keep", [lambda a: a, lambda a: a[:1], lambda a: a.T], ids=["all", "some", "another_view"]
)
def test_a_leaf_never_holds_a_view_of_what_others_hold(keep):
    x, held = leaf([1.0, 2.0], [3.0, 4.0]), []

    def backward(grad_y):
        fresh = 3 * grad_y
        held.append(keep(fresh))
        return (fresh.T,)

    with_backward(backward, x).backward(np.ones((2, 2)))
    assert not np.shares_memory(x.grad, held[0])


def test_two_leaves_never_hold_two_views_of_one_array():
    a, b = leaf([1.0, 2.0], [3.0, 4.0]), leaf([1.0, 2.0], [3.0, 4.0])

    def backward(grad_y):
        fresh = 3 * grad_y
        return fresh.T, fresh[:]

    with_backward(backward, a, b).backward(np.ones((2, 2)))
    assert not np.shares_memory(a.grad, b.grad)


def test_a_leaf_gets_a_copy_of_any_view():
    """Nothing is said of who holds the memory: that is only speed."""
    x = leaf([1.0, 2.0], [3.0, 4.0])
    with plain_only():
        with_backward(lambda grad_y: ((3 * grad_y).T,), x).backward(np.ones((2, 2)))
    assert x.grad.base is None


def test_a_sum_of_gradients_leaves_its_summands_alone():
    """x is used three times; the first gradient arrives as the cotangent itself."""
    x, cotangent, given = leaf(1.0, 2.0), np.ones(2), []

    def backward(grad_y):
        given.append(5 * grad_y)
        return (given[-1],)

    y = x * 1.0
    ((y + y) + with_backward(backward, y)).backward(cotangent)
    np.testing.assert_array_equal(x.grad, [7.0, 7.0])
    np.testing.assert_array_equal(cotangent, [1.0, 1.0])
    np.testing.assert_array_equal(given[0], [5.0, 5.0])


def test_where_an_op_stops_the_gradient_its_inputs_still_get_that_of_others():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    stopped = with_backward(lambda grad_y: (None,), a * b)
    (stopped + a).backward(np.ones(2))
    np.testing.assert_array_equal(a.grad, [1.0, 1.0])
    assert b.grad is None


def test_an_answer_that_nobody_asked_for_is_not_looked_at():
    """An op may give what it has at hand for an input that requires no gradient."""
    x, constant = leaf(1.0, 2.0), Tensor(np.ones(2))
    y = with_backward(lambda grad_y: (grad_y, np.ones(7, np.float32)), x, constant)
    y.backward(np.ones(2))
    assert constant.grad is None


def test_a_gradient_is_kept_only_where_retain_grad_says_so():
    x = leaf(1.0, 2.0)
    y = (x * 3.0).retain_grad()
    z = y * 2.0
    z.backward(np.ones(2))
    np.testing.assert_array_equal(y.grad, [2.0, 2.0])
    assert z.grad is None
    assert x.retain_grad() is x  # a leaf keeps its gradient anyway


def test_a_kept_gradient_is_an_array_also_of_a_single_number():
    x = Tensor(2.0, requires_grad=True)
    y = (x * 3.0).retain_grad()
    for _ in range(2):
        (y * y).backward(retain_graph=True)
    assert isinstance(y.grad, np.ndarray) and y.grad.shape == () and y.grad == 24
    assert isinstance(x.grad, np.ndarray) and x.grad == 72


def test_kept_gradients_add_up_like_those_of_leaves():
    x = leaf(1.0, 2.0)
    y = (x * 3.0).retain_grad()
    (y * 2.0).backward(np.ones(2), retain_graph=True)
    (y * 5.0).backward(np.ones(2), retain_graph=True)
    np.testing.assert_array_equal(y.grad, [7.0, 7.0])
    with_backward(lambda grad_y: (None,), y).backward(np.ones(2))  # adds nothing
    np.testing.assert_array_equal(y.grad, [7.0, 7.0])


def test_a_leaf_is_its_own_root():
    x = leaf(1.0, 2.0)
    cotangent = np.array([3.0, 4.0])
    x.backward(cotangent)
    np.testing.assert_array_equal(x.grad, cotangent)
    assert x.grad is not cotangent


def test_what_was_repeated_is_summed_where_it_lies():
    x, c = leaf([1.0, 2.0], [3.0, 4.0]), np.arange(12.0).reshape(3, 2, 2)
    y = record("repeat", np.stack([x.data] * 3), inputs=(x,), backward=lambda g: (g,))
    y.backward(c)
    np.testing.assert_array_equal(x.grad, [[12, 15], [18, 21]])


@pytest.mark.parametrize(
    ("shape", "repeated", "axes"),
    [((2, 1, 3, 1), (5, 2, 4, 3, 1), (0, 2)), ((1, 1), (1, 1, 3), (0, 2))],
)
def test_what_was_repeated_in_front_and_within_is_summed_at_once(shape, repeated, axes):
    """The new axis and the stretched one go, the others stay."""
    x = Tensor(np.zeros(shape), requires_grad=True)
    c = np.random.default_rng(0).standard_normal(repeated)
    record("repeat", np.zeros(repeated), inputs=(x,), backward=lambda g: (g,)).backward(c)
    np.testing.assert_allclose(x.grad, c.sum(axis=axes).reshape(shape), rtol=1e-14)


def test_a_gradient_that_fits_is_left_as_it_is():
    x = leaf([1.0, 2.0], [3.0, 4.0])
    c = np.arange(4.0).reshape(2, 2)
    with_backward(lambda g: (2 * g,), x).backward(c)
    np.testing.assert_array_equal(x.grad, 2 * c)


def test_a_gradient_of_too_few_axes_is_named():
    x = leaf([1.0, 2.0], [3.0, 4.0])
    y = with_backward(lambda g: (g[0],), x)
    with pytest.raises(ValueError, match=r"has shape \(2,\), the input has \(2, 2\)"):
        y.backward(np.ones((2, 2)))


def test_three_gradients_of_a_single_number_add_up():
    """NumPy's sum of two numbers is a number, which cannot be added to in place."""
    x = Tensor(np.float64(2.0), requires_grad=True)
    (x * x + x).backward()
    assert x.grad == 5


def test_a_listener_is_told_of_each_leaf_once_its_gradient_is_complete():
    """From the last layer to the first; what it does meanwhile, the walk does not wait for."""
    first, last = (Tensor(np.array([v]), requires_grad=True) for v in (2.0, 3.0))
    told = []
    with graph.telling(lambda leaf: told.append((leaf, leaf.grad.copy()))):
        (first * first * last).sum().backward()
    (first * last).sum().backward()  # nobody listens any more
    assert [grad.tolist() for _, grad in told] == [[4.0], [12.0]]
    assert [leaf is own for (leaf, _), own in zip(told, (last, first), strict=True)] == [True] * 2
