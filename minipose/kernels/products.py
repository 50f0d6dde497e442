"""Matrix products on all threads, without the threads of BLAS.

BLAS can share out a product itself, but its threads then keep looking for more work for a while, on
the very cores that the kernels' own threads need next. So a product is cut here, along the longer
side of its result, and each part is one BLAS call on one thread. The shapes alone decide the cut:
the numbers are the same whatever the number of threads.
"""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module
from minipose.kernels import workers

PARTS = 8  # of a product, at most: enough for several threads to finish at about the same time
SMALLEST = 64  # rows or columns of a part
ALONE = 1 << 18  # multiplications that are not worth sharing


def multiply(a: Array, b: Array, out: Array | None = None) -> Array:
    """A B, (M, K) × (K, N) -> (M, N), into ``out`` where it is given."""
    if not isinstance(a, np.ndarray):
        return array_module(a).matmul(a, b, out=out)
    (m, k), n = a.shape, b.shape[1]
    if out is None:
        out = np.empty((m, n), dtype=np.result_type(a, b))
    rows_longer = m >= n
    longer = max(m, n)
    size = longer if m * k * n <= ALONE else -(-longer // (PARTS * SMALLEST)) * SMALLEST
    parts = workers.pieces(longer, size)

    def task(i: int) -> None:
        if rows_longer:
            np.matmul(a[parts[i]], b, out=out[parts[i]])
        else:
            np.matmul(a, b[:, parts[i]], out=out[:, parts[i]])

    workers.run(task, len(parts))
    return out
