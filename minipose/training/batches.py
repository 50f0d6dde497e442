"""Batches, epoch after epoch: of arrays (``batches``), or of anything that can be drawn."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from minipose.backend import array_module, is_array, to_device
from minipose.tensor import Tensor
from minipose.training.prefetch import prefetch as prefetched

Draw = Callable[[np.random.Generator, int], Iterable[Any]]


class Batches:
    """What ``draw(rng, epoch)`` gives, for one epoch after another.

    An epoch's generator is seeded by (seed, epoch) and nothing else, so a training that is resumed
    sees what it would have seen: ``of_epoch(3)`` is the same whenever it is asked for. A ``for``
    loop goes through the next epoch, counted in the attribute ``epoch``.

    Parameters
    ----------
    draw : (generator, epoch) -> the batches of an epoch
    count : how many there are
    seed : int
    prefetch : int
        How many batches another thread makes in advance; 0: each when it is asked for.
    """

    def __init__(self, draw: Draw, count: int, seed: int = 0, prefetch: int = 0) -> None:
        self.prefetch = _whole("prefetch", prefetch, 0)
        self.draw, self.count, self.seed = draw, count, seed
        self.epoch = 0  # the next one

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        self.epoch += 1
        return self.of_epoch(self.epoch - 1)

    def of_epoch(self, epoch: int) -> Iterator[Any]:
        """The batches of an epoch, counted from 0."""
        batches = self.draw(np.random.default_rng([self.seed, epoch]), epoch)
        return prefetched(batches, self.prefetch) if self.prefetch else iter(batches)

    __call__ = of_epoch  # the form in which ``training.loop.Task`` takes batches


def batches(
    *sources: Any,
    batch_size: int,
    shuffle: bool | int | np.random.Generator = False,
    drop_last: bool = False,
    prefetch: int = 0,
    device: str = "cpu",
    count: int | None = None,
) -> Batches:
    """Samples in batches: ``for x, y in batches(images, labels, batch_size=32, shuffle=0): ...``.

    The first of each batch is a Tensor, to be put into a network. Of the others, numbers with a
    fraction are Tensors too; whole numbers, such as labels, stay an array. Where there is only the
    first, it comes alone, not in a tuple. Nothing is scaled: uint8 pixels become 0 to 255.

    >>> pairs = batches(np.arange(5.0), np.arange(5), batch_size=2)
    >>> [(x.shape, y.tolist()) for x, y in pairs]
    [((2,), [0, 1]), ((2,), [2, 3]), ((1,), [4])]

    Parameters
    ----------
    sources : arrays, h5py datasets, other sequences, or one function
        All of one length. A sequence's items may be tuples, such as (picture, label). A function
        ``fetch(indices)`` returns an array or a tuple of arrays, a row for each index.
    batch_size : int
    shuffle : False, True, seed or Generator
        Another order in each epoch: drawn from a seed (True: 0), or from a generator's next number.
        Batches that are made anew for each epoch begin anew with the first order of their seed.
    drop_last : bool
        Leave out the last batch of an epoch if it is smaller.
    prefetch : int
        How many batches another thread reads in advance. An error there is raised in the loop.
    device : "cpu" or "cuda"
    count : int
        How many samples there are, for a function.

    Raises
    ------
    TypeError, ValueError
        In one line, for sources that do not go together and numbers out of range.
    """
    size, samples = _whole("batch_size", batch_size, 1), _length(sources, count)
    seed = _seed(shuffle)

    def draw(rng: np.random.Generator, epoch: int) -> Iterator[Any]:
        order = np.arange(samples) if shuffle is False else rng.permutation(samples)
        for start in range(0, len(order) - (size - 1 if drop_last else 0), size):
            indices = order[start : start + size]
            columns = [c for source in sources for c in _columns(source, indices)]
            found = [_delivered(c, device, k == 0) for k, c in enumerate(columns)]
            yield tuple(found) if len(found) > 1 else found[0]

    whole, rest = divmod(samples, size)
    return Batches(draw, whole + (rest > 0 and not drop_last), seed, prefetch)


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"batches: expected {name} of {least} or more, got {value!r}")
    return int(value)


def _seed(shuffle: bool | int | np.random.Generator) -> int:
    if isinstance(shuffle, np.random.Generator):
        return int(shuffle.integers(1 << 63))
    if isinstance(shuffle, bool):
        return 0
    if isinstance(shuffle, numbers.Integral) and shuffle >= 0:
        return int(shuffle)
    raise ValueError(
        f"batches: expected shuffle as True, False, a seed of 0 or more or a Generator, "
        f"got {shuffle!r}"
    )


def _length(sources: tuple, count: int | None) -> int:
    """How many samples there are."""
    if not sources:
        raise ValueError("batches: expected arrays, got none")
    if any(callable(source) for source in sources):
        if len(sources) > 1 or count is None:
            raise ValueError("batches: expected a function alone, with count=, or arrays")
        return _whole("count", count, 0)
    for source in sources:
        places = hasattr(source, "__len__") and hasattr(source, "__getitem__")
        if not places or isinstance(source, Mapping):
            kind = type(source).__name__
            raise TypeError(f"batches: expected arrays, sequences or a function, got {kind}")
    if count is not None:
        raise ValueError("batches: count is for a function; arrays have their own length")
    lengths = [len(source) for source in sources]
    if len(set(lengths)) > 1:
        raise ValueError(f"batches: expected sources of one length, got {lengths}")
    return lengths[0]


def _columns(source: Any, indices: np.ndarray) -> list[Any]:
    """The rows of these indices, an array for each thing that a sample consists of."""
    if callable(source):
        rows = source(indices)
        return list(rows) if isinstance(rows, tuple) else [rows]
    if isinstance(source, Tensor):
        source = source.data
    if is_array(source):
        return [source[array_module(source).asarray(indices)]]
    if hasattr(source, "dtype"):  # on disk, where rows are read in increasing order, each once
        once, places = np.unique(indices, return_inverse=True)
        together = once[-1] - once[0] == len(once) - 1
        rows = source[once[0] : once[-1] + 1] if together else source[once]
        return [rows[places]]
    items = [source[int(i)] for i in indices]
    columns = zip(*items, strict=True) if isinstance(items[0], tuple) else [items]
    return [_stacked(column) for column in columns]


def _stacked(items: Iterable[Any]) -> Any:
    arrays = [item.data if isinstance(item, Tensor) else item for item in items]
    arrays = [_as_array(item) for item in arrays]
    shapes = sorted({a.shape for a in arrays})
    if len(shapes) > 1:
        raise ValueError(
            f"batches: samples of one shape make a batch, got {shapes[0]}, {shapes[1]}"
        )
    return array_module(arrays[0]).stack(arrays)


def _as_array(item: Any) -> Any:
    """Arrays as they are; lists and Python's numbers in single precision, as in a Tensor."""
    if is_array(item):
        return item
    array = np.asarray(item)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _delivered(column: Any, device: str, first: bool) -> Any:
    """As a Tensor what a network computes with, as an array what only says something about it."""
    column = column.data if isinstance(column, Tensor) else column
    column = _as_array(column)
    if column.dtype.kind not in "fiub":
        return column  # names, for instance
    column = to_device(column, device)
    return Tensor(column) if first or column.dtype.kind == "f" else column
