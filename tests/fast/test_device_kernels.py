"""Each kernel's source for a GPU computes what its NumPy form computes: element by element.

The source is compiled by the system's C++ compiler and run on the CPU (``cuda_on_cpu``); without
one these tests are skipped.
"""

import copy

import numpy as np
import pytest

from minipose.backend import DeviceGenerator, to_host
from minipose.fast.device import chains, updates
from minipose.fast.device.kernel import KERNELS, Kernel
from tests.fast import cuda_on_cpu
from tests.fast.device_calls import CALLS, copied, empty, in_float64, values

BEYOND = (
    Kernel("beyond", "raw T x, int32 far", "T y", "y = x[i + far];", lambda x, far, y: None),
    (values(4), 1, empty(4)),
)
del KERNELS["beyond"]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if cuda_on_cpu.COMPILER is None:
        pytest.skip("no C++ compiler here")
    given = [(kernel, arguments) for _, kernel, arguments in (*CALLS, *in_float64())]
    sources = {cuda_on_cpu.function(*each): each for each in (*given, BEYOND)}
    return cuda_on_cpu.compiled(sources, tmp_path_factory.mktemp("kernels"))


def outputs(kernel: Kernel, arguments):
    return arguments[len(cuda_on_cpu.parameters(kernel.inputs)) :]


@pytest.mark.parametrize(("name", "kernel", "arguments"), CALLS, ids=[name for name, *_ in CALLS])
def test_the_source_computes_what_numpy_does(name, kernel, arguments, library):
    ours, theirs = copied(arguments), copied(arguments)
    kernel(*ours)
    cuda_on_cpu.run(library, kernel, theirs)
    for expected, got in zip(outputs(kernel, ours), outputs(kernel, theirs), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
        assert np.array_equal(got, expected) or expected.dtype.kind == "f"


def test_the_source_rounds_as_its_numbers_do(library):
    """In float64 nothing is rounded to float32 on the way, but what dropout draws."""
    for name, kernel, arguments in in_float64():
        ours, theirs = copied(arguments), copied(arguments)
        kernel(*ours)
        cuda_on_cpu.run(library, kernel, theirs)
        for expected, got in zip(outputs(kernel, ours), outputs(kernel, theirs), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12, err_msg=name)


def test_reading_beyond_an_array_is_noticed(library):
    kernel, (x, _, y) = BEYOND
    cuda_on_cpu.run(library, kernel, (x, 0, y))
    np.testing.assert_array_equal(y, x)
    for far in (1, -1):
        with pytest.raises(IndexError, match="beyond: 1 elements beyond an array"):
            cuda_on_cpu.run(library, kernel, (x, far, y))


def test_every_kernel_is_tried():
    assert {kernel.name for _, kernel, _ in CALLS} == set(KERNELS)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_names_are_free_in_cupy(kernel):
    """CuPy keeps ``i``, ``n`` and what begins with an underscore for itself."""
    declared = f"{kernel.inputs}, {kernel.outputs}"
    names = [name for _, _, name in cuda_on_cpu.parameters(declared)]
    assert len(set(names)) == len(names) and not {"i", "n"} & set(names)
    assert not any(name.startswith("_") for name in names)


def test_a_gpu_computes_what_numpy_does(request):
    if request.config.getoption("--device") != "cuda":
        pytest.skip("for a GPU: --device cuda")
    from minipose.backend import device_module

    cupy = device_module("cuda")
    for name, kernel, arguments in CALLS:
        if kernel is updates.GATHERED:  # its addresses are of this machine's memory
            continue
        ours = copied(arguments)
        theirs = [cupy.asarray(a) if isinstance(a, np.ndarray) else a for a in copied(arguments)]
        kernel(*ours)
        kernel(*theirs)
        pairs = zip(outputs(kernel, ours), outputs(kernel, tuple(theirs)), strict=True)
        for expected, got in pairs:
            np.testing.assert_allclose(to_host(got), expected, 1e-4, 1e-5, err_msg=name)


def test_arrays_are_gathered_wherever_they_lie(xp):
    if xp is np:
        pytest.skip("for the addresses of a GPU")
    arrays = [xp.asarray(a) for a in (values(2, 3), values(4, 2).T, values(1))]
    flat = to_host(updates.gathered(arrays))
    np.testing.assert_array_equal(flat, np.concatenate([to_host(a).ravel() for a in arrays]))


def test_numbers_drawn_by_hashing_look_random():
    """Evenly spread, and alike neither for neighbours nor for neighbouring seeds."""
    u = chains.uniform(np.arange(100_000), 1, 2)
    counts = np.histogram(u, 100, (0, 1))[0]
    assert u.min() >= 0 and u.max() < 1 and abs(counts - 1000).max() < 160  # 5 deviations
    others = [chains.uniform(np.arange(100_000), *key) for key in ((1, 3), (2, 2), (3, 2))]
    for other in (*others, np.roll(u, 1), np.roll(u, 64)):
        assert abs(np.corrcoef(u, other)[0, 1]) < 0.016


def test_no_two_draws_are_alike():
    rng = DeviceGenerator(np, 5)
    drawn = [chains.keys(rng) for _ in range(50)] + [chains.keys(DeviceGenerator(np, 6))]
    assert len(set(drawn)) == 51
    again = DeviceGenerator(np, 5)
    assert [chains.keys(again) for _ in range(50)] == drawn[:50]
    copy.deepcopy(again)
    assert chains.keys(copy.deepcopy(again)) == chains.keys(again)
