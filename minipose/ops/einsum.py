"""Products and sums over named axes."""

from __future__ import annotations

from minipose.backend import Array, array_module
from minipose.ops.shape import all_tensors
from minipose.tensor import Tensor, record


def einsum(subscripts: str, *tensors: Tensor) -> Tensor:
    """y[out] = Σ x₁[letters] · x₂[letters] · …: A Bᵀ is ``einsum("ik,jk->ij", a, b)``.

    The sum goes over all letters that the result does not have. The derivative is an einsum too:
    dL/dy takes the place of the input, whose letters become the result. An axis of one element
    beside a longer one of the same letter is repeated, as in NumPy.

    Parameters
    ----------
    subscripts : str
        A letter for each axis, a comma between inputs. Without ``->`` the result has, in
        alphabetical order, the letters that occur once. No letter twice in one input, no ``...``.
    tensors : Tensor
        One for each part of the subscripts.
    """
    all_tensors("einsum", tensors)
    given, arrow, out = subscripts.replace(" ", "").partition("->")
    letters = given.split(",")
    if not arrow:
        out = "".join(sorted(c for c in set(given) - {","} if given.count(c) == 1))
    if "." in given or [len(set(each)) for each in letters] != [x.ndim for x in tensors]:
        shapes = ", ".join(str(x.shape) for x in tensors)
        raise ValueError(
            f"einsum: expected a letter for each axis, got {subscripts!r} for {shapes}"
        )
    arrays, needed = [x.data for x in tensors], [x.requires_grad for x in tensors]
    y = _evaluate(letters, arrays, out)

    def backward_to(i, grad_y):
        others, factors = letters[:i] + letters[i + 1 :], arrays[:i] + arrays[i + 1 :]
        alone = "".join(c for c in letters[i] if c not in "".join([out, *others]))
        sizes = [n for c, n in zip(letters[i], arrays[i].shape, strict=True) if c in alone]
        ones = array_module(grad_y).ones(sizes, dtype=grad_y.dtype)  # for axes that were summed
        grad = _evaluate([out, *others, alone], [grad_y, *factors, ones], letters[i])
        # An axis that all others have as one element was summed, too: all along it get the same.
        sizes = [n if m == 1 else m for m, n in zip(grad.shape, arrays[i].shape, strict=True)]
        return grad if grad.shape == (*sizes,) else array_module(grad).broadcast_to(grad, sizes)

    def backward(grad_y):
        return tuple(backward_to(i, grad_y) if asked else None for i, asked in enumerate(needed))

    return record("einsum", y, inputs=tensors, backward=backward)


def _evaluate(letters: list[str], arrays: list[Array], out: str) -> Array:
    subscripts = f"{','.join(letters)}->{out}"
    try:
        return array_module(arrays[0]).einsum(subscripts, *arrays, optimize=True)
    except ValueError:
        shapes = ", ".join(str(x.shape) for x in arrays)
        raise ValueError(f"einsum: {subscripts!r} does not fit {shapes}") from None
