"""The engine: order, accumulation, release, un-broadcasting, and what it refuses."""

import gc
import threading
import weakref

import numpy as np
import pytest

import minipose as mp
from minipose.tensor import record


def leaf(values, dtype=np.float64):
    return mp.Tensor(np.asarray(values, dtype=dtype), requires_grad=True)


def test_order_matters_when_a_result_is_used_twice():
    a = leaf(3.0)
    b = a + a
    c = b + b  # dc/da = 4; visiting b before both of its uses are done would give 2
    c.backward()
    assert a.grad == 4.0


def test_gradients_add_up_until_they_are_cleared():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])


def test_accumulating_leaves_the_earlier_gradient_array_alone():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    np.testing.assert_array_equal(first, [2.0, 4.0])


def test_two_leaves_never_share_one_gradient_array():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    cotangent = np.ones(2)
    (a + b).backward(cotangent)
    assert a.grad is not b.grad and a.grad is not cotangent
    a.grad[:] = 7
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])
    np.testing.assert_array_equal(cotangent, [1.0, 1.0])


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1), (1, 1), ()])
def test_broadcast_inputs_get_gradients_of_their_own_shape(shape):
    x = leaf(np.ones(shape))
    y = leaf(np.arange(6.0).reshape(2, 3))
    (x * y).backward(np.ones((2, 3)))
    expected = y.data
    extra = 2 - len(shape)
    expected = expected.sum(axis=tuple(range(extra)))
    for axis, n in enumerate(shape):
        if n == 1:
            expected = expected.sum(axis=axis, keepdims=True)
    np.testing.assert_array_equal(x.grad, expected)


def test_a_graph_of_20000_operations_needs_no_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y + 0.0
    y.backward()
    assert x.grad == 1.0


def test_the_graph_is_released_and_says_so():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    with pytest.raises(ValueError, match="'sum' was already released"):
        y.backward()


def test_retain_graph_allows_a_second_backward():
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad, [4.0, 8.0])


def test_results_are_freed_without_the_garbage_collector():
    gc.disable()
    try:
        x = leaf(np.ones(3))
        middle = x * 2
        alive = weakref.ref(middle)
        y = middle.sum()
        del middle
        assert alive() is None  # nodes hold arrays, never the tensors between
        y.backward()
        np.testing.assert_array_equal(x.grad, [2.0, 2.0, 2.0])
    finally:
        gc.enable()


def test_no_grad_records_nothing():
    x = leaf(np.ones(3))
    with mp.no_grad():
        y = x * 2
    assert y.node is None and not y.requires_grad
    with pytest.raises(ValueError, match="requires a gradient"):
        y.sum().backward()


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = leaf([1.0, 2.0])
    y = (x * 3).retain_grad()
    (y * y).sum().backward()
    np.testing.assert_array_equal(y.grad, 2 * y.data)


def test_an_op_that_passes_no_gradient_does_not_hold_up_the_others():
    x = leaf([1.0, 2.0])
    y = x * 2
    blocked = record("stop", y.data, inputs=(y,), backward=lambda grad: (None,))
    (blocked + y).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])


def test_float32_stays_float32_and_float64_stays_float64():
    for dtype in (np.float32, np.float64):
        x = leaf([1.0, 2.0], dtype)
        y = (2 * x / 3 + 1).sum()
        y.backward()
        assert y.dtype == x.grad.dtype == dtype
    assert mp.Tensor([1, 2]).dtype == np.float32
    assert mp.Tensor(np.arange(3)).dtype == np.float32


@pytest.mark.parametrize(
    "write",
    ["t[0] = 1", "t += 1", "t -= 1", "t *= 2", "t /= 2", "t **= 2"],
)
def test_in_place_writes_are_refused(write):
    with pytest.raises(TypeError, match="not written in place"):
        exec(write, {"t": leaf([1.0, 2.0])})


def test_a_parameter_changed_between_forward_and_backward_is_noticed():
    w = mp.Parameter(np.ones(2))
    y = (w * w).sum()
    w.assign_(np.zeros(2))
    with pytest.raises(ValueError, match=r"parameter of shape \(2,\) was changed"):
        y.backward()


def test_messages_say_what_was_given_and_what_was_expected():
    x = leaf(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"shape \(2, 3\) needs grad_output"):
        (x * 2).backward()
    with pytest.raises(
        ValueError, match=r"expected grad_output float64 \(2, 3\), got float64 \(3,\)"
    ):
        (x * 2).backward(np.ones(3))
    with pytest.raises(ValueError, match=r"add: shapes \(2, 3\) and \(2,\) do not broadcast"):
        x + leaf(np.ones(2))
    with pytest.raises(TypeError, match="add: inputs of different dtypes"):
        x + mp.Tensor(np.ones((2, 3), np.float32))
    with pytest.raises(ValueError, match="one element"):
        x.item()
    with pytest.raises(TypeError, match="got a Tensor"):
        mp.Tensor(x)
    with pytest.raises(TypeError, match="array or numbers, got str"):
        mp.Tensor("three")
    with pytest.raises(TypeError, match="expected real numbers, got an array of complex128"):
        mp.Tensor(np.ones(2) * 1j)
    with pytest.raises(TypeError, match="backward: expected grad_output as an array, got list"):
        (x * 2).backward([1.0])
    with pytest.raises(ValueError, match="assign_: this tensor is a result of multiply, not a le"):
        (x * 2).assign_(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"assign_: expected shape \(2, 3\), got \(3,\)"):
        x.assign_(np.ones(3))


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda g: (g[:1, :2],), r"wrong: gradient of input 0 has shape \(1, 2\)"),
        (lambda g: (g.astype(np.float32),), "wrong: gradient of input 0 is float32"),
        (lambda g: (g, g), "wrong: backward gave 2, expected 1"),
        (lambda g: (g[0],), r"wrong: gradient of input 0 has shape \(3,\), the input has \(2, 3\)"),
        (lambda g: g, "wrong: backward gave ndarray, expected 1"),
        (lambda g: [g], "wrong: backward gave list, expected 1"),
    ],
)
def test_a_faulty_backward_is_named(backward, message):
    x = leaf(np.ones((2, 3)))
    y = record("wrong", x.data * 1, inputs=(x,), backward=backward)
    with pytest.raises(ValueError, match=message):
        y.backward(np.ones((2, 3)))


def test_debug_names_the_op_that_made_nan_and_guards_results():
    x = leaf([-1.0])
    with mp.debug(), np.errstate(invalid="ignore"):
        with pytest.raises(FloatingPointError, match=r"log: the result is not finite"):
            mp.ops.log(x)
        y = x * 2
        with pytest.raises(ValueError, match="read-only"):
            y.data[0] = 5


def test_recording_and_debugging_are_of_one_thread():
    """Another thread, which trained before, goes on to while this one only computes values."""
    found, inside = {}, threading.Event()

    def other():
        x = mp.Tensor([1.0], requires_grad=True)
        assert inside.wait(10)
        found["records"] = (x * 2).requires_grad
        found["writeable"] = (x * 2).data.flags.writeable

    thread = threading.Thread(target=other)
    thread.start()
    with mp.no_grad(), mp.debug():
        inside.set()
        thread.join()
    assert found == {"records": True, "writeable": True}


def test_gradients_are_arrays_also_of_single_numbers():
    x = mp.Tensor(np.float64(2.0), requires_grad=True)
    (x * x + x).backward()
    assert type(x.grad) is np.ndarray and x.grad == 5
    (x * x).backward()
    assert type(x.grad) is np.ndarray and x.grad == 9


def test_a_parameter_has_an_array_of_its_own():
    array = np.zeros(2, np.float32)
    one, two = mp.Parameter(array), mp.Parameter(array)
    one.assign_(np.ones(2, np.float32))
    assert not two.data.any() and not array.any()


def test_nothing_is_not_a_number():
    with pytest.raises(TypeError, match="expected an array or numbers, got None"):
        mp.Tensor(None)


@pytest.mark.parametrize(
    "value", ["3", b"3", ["1", "2"], np.str_("3"), 1j, np.complex64(1j), [np.complex64(1j), 1]]
)
def test_words_and_complex_numbers_are_no_values(value):
    x = mp.Tensor([1.0, 2.0])
    for call in (mp.Tensor, lambda v: x + v, lambda v: mp.ops.maximum(v, x)):
        with pytest.raises(TypeError, match=r"expected (an array or|real) numbers, got"):
            call(value)


def test_whole_numbers_beyond_64_bits_are_values():
    assert mp.Tensor(10**30).item() == (mp.Tensor(0.0) + 10**30).item() == np.float32(1e30)


def test_other_orders_of_bytes_keep_their_digits():
    for kind in ("f4", "f8"):
        x = mp.Tensor(np.array([1 / 3], f">{kind}"))
        assert x.dtype == np.dtype(f"={kind}") and x.data[0] == np.array([1 / 3], kind)[0]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_becomes_an_array():
    x = mp.Tensor(np.matrix([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal((x * x).data, [[1, 4], [9, 16]])
    np.testing.assert_array_equal(x.sum(axis=0).data, [4, 6])


def test_methods_are_the_ops():
    x = mp.Tensor(np.array([[0.5, 2.0, 1.0]]))
    names = "abs exp log log_softmax max mean min relu sigmoid softmax sqrt sum tanh var flatten"
    for name in names.split():
        expected = getattr(mp.ops, name)(x).data
        np.testing.assert_array_equal(getattr(x, name)().data, expected)


def test_debug_leaves_the_array_of_another_alone():
    """A result that is a view shares its array with the input, which may be written later."""
    x = mp.Tensor(np.zeros((2, 3)))
    with mp.debug():
        y = x.reshape(6)
        z = x + 1
    assert y.data.base is not None and x.data.flags.writeable and not z.data.flags.writeable
