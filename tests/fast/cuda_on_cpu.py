"""Runs the CUDA source of a ``Kernel`` on a CPU: a loop over elements, compiled as C++.

What CuPy generates around a body is imitated: ``raw`` arrays are indexed in row-major order
whatever their strides, all others broadcast to the shape of the first output that is not raw. So
the source can be compared with its NumPy form where no GPU is. Where a GPU would read or write
beyond a ``raw`` array without a word, ``run`` raises. It says nothing about a GPU's own rounding.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from minipose.fast.device.kernel import Kernel

COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
NAMES = {"f4": "float", "f8": "double", "i4": "int", "i8": "long long", "u4": "unsigned int"}
NAMES |= {"u1": "unsigned char", "i1": "signed char", "b1": "bool", "f2": "_Float16"}
DECLARED = {"int32": "int", "int64": "long long", "uint32": "unsigned int", "float32": "float"}
MOST_AXES = 8

HEADER = """
#include <algorithm>
#include <cmath>
#include <cstddef>
#define __device__ static inline
using std::max; using std::min; using std::floor; using std::sqrt; using std::tanh; using std::exp;
using std::log1p; using std::abs; using std::isfinite;
static long long beyond = 0;
extern "C" long long elements_beyond() { const long long all = beyond; beyond = 0; return all; }
struct Shape { long long ndim, shape[8], strides[8]; };
static ptrdiff_t place(const Shape& s, ptrdiff_t i) {
    ptrdiff_t bytes = 0;
    for (int axis = s.ndim - 1; axis >= 0; --axis) {
        bytes += i % s.shape[axis] * s.strides[axis];
        i /= s.shape[axis];
    }
    return bytes;
}
template <class T> struct Raw {
    char* data; Shape s;
    T& operator[](ptrdiff_t i) const {
        if (i < 0 || i >= size()) { ++beyond; i = 0; }
        return *reinterpret_cast<T*>(data + place(s, i));
    }
    ptrdiff_t size() const {
        ptrdiff_t all = 1;
        for (int axis = 0; axis < s.ndim; ++axis) all *= s.shape[axis];
        return all;
    }
};
"""


class Shape(ctypes.Structure):
    _fields_: ClassVar = [
        ("ndim", ctypes.c_longlong),
        ("shape", ctypes.c_longlong * MOST_AXES),
        ("strides", ctypes.c_longlong * MOST_AXES),
    ]


def parameters(declared: str) -> list[tuple[bool, str, str]]:
    """(raw, type, name) of each parameter."""
    words = [one.split() for one in declared.split(",")]
    return [(len(w) == 3, w[-2], w[-1]) for w in words]


def function(kernel: Kernel, arguments: Sequence[Any]) -> str:
    """The name of the function for these arguments' types."""
    kinds = [a.dtype.str[1:] if isinstance(a, np.ndarray) else "x" for a in arguments]
    return "_".join([kernel.name, *kinds])


def source(kernel: Kernel, arguments: Sequence[Any]) -> str:
    """C++ of a function that runs ``kernel`` for these arguments' types."""
    name_ = function(kernel, arguments)
    given = parameters(f"{kernel.inputs}, {kernel.outputs}")
    types, loads, typedefs = [], [], {}
    for k, ((raw, declared, name), value) in enumerate(zip(given, arguments, strict=True)):
        is_array = isinstance(value, np.ndarray)
        if len(declared) == 1 and is_array:
            typedefs[declared] = NAMES[value.dtype.str[1:]]
        kind = DECLARED.get(declared, declared)
        types.append((k, raw, kind, name, is_array))
    outputs = len(parameters(kernel.inputs))
    for k, raw, kind, name, is_array in types:
        if not is_array:
            loads.append(f"const {kind} {name} = ({kind})numbers[{k}];")
        elif raw:
            loads.append(f"const Raw<{kind}> {name} = {{data[{k}], shapes[{k}]}};")
    element = "\n".join(
        f"{'' if k >= outputs else 'const '}{kind}& {name} = "
        f"*reinterpret_cast<{kind}*>(data[{k}] + place(shapes[{k}], i));"
        for k, raw, kind, name, is_array in types
        if is_array and not raw
    )
    defined = "".join(f"typedef {real} {letter};\n" for letter, real in typedefs.items())
    return f"""
namespace in_{name_} {{ {defined} {kernel.preamble}
void run(char** data, const Shape* shapes, const double* numbers, ptrdiff_t size_) {{
    {" ".join(loads)}
    for (ptrdiff_t i = 0; i < size_; ++i) {{ {element} {kernel.body} }}
}} }}
extern "C" void {name_}(char** data, const Shape* shapes, const double* numbers, long long count) {{
    in_{name_}::run(data, shapes, numbers, count);
}}
"""


def compiled(calls: Mapping[str, tuple[Kernel, Sequence[Any]]], folder: Path) -> ctypes.CDLL:
    """The functions of all calls in one library."""
    sources = [source(kernel, arguments) for kernel, arguments in calls.values()]
    code, library = folder / "kernels.cpp", folder / "kernels.so"
    code.write_text(HEADER + "\n".join(sources))
    flags = ["-std=c++17", "-O0", "-shared", "-fPIC", "-w"]
    subprocess.run([COMPILER, *flags, code, "-o", library], check=True)
    return ctypes.CDLL(str(library))


def run(library: ctypes.CDLL, kernel: Kernel, arguments: Sequence[Any]) -> None:
    """Like ``kernel(*arguments)``, by the compiled source. Raises IndexError beyond an array."""
    given = parameters(f"{kernel.inputs}, {kernel.outputs}")
    loop = [a.shape for (raw, *_), a in zip(given, arguments, strict=True)
            if isinstance(a, np.ndarray) and not raw]  # fmt: skip
    shape = np.broadcast_shapes(*loop)
    data = (ctypes.c_void_p * len(arguments))()
    shapes, numbers = (Shape * len(arguments))(), (ctypes.c_double * len(arguments))()
    for k, ((raw, *_), value) in enumerate(zip(given, arguments, strict=True)):
        if not isinstance(value, np.ndarray):
            numbers[k] = value
            continue
        view = value if raw else np.broadcast_to(value, shape)
        data[k] = value.ctypes.data
        shapes[k].ndim = view.ndim
        shapes[k].shape[: view.ndim] = view.shape
        shapes[k].strides[: view.ndim] = view.strides
    getattr(library, function(kernel, arguments))(
        data, shapes, numbers, ctypes.c_longlong(int(np.prod(shape)))
    )
    library.elements_beyond.restype = ctypes.c_longlong
    if beyond := library.elements_beyond():
        raise IndexError(f"{kernel.name}: {beyond} elements beyond an array")
