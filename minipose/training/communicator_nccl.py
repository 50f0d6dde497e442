"""Ranks with a GPU each: gradients go from GPU to GPU by NCCL, all else by MPI.

Not run on GPUs yet: tested against a stand-in for CuPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.backend import Array, device_module, nccl_backend
from minipose.errors import UserError
from minipose.training.communicator import Pending
from minipose.training.communicator_mpi import MPICommunicator


class NCCLCommunicator(MPICommunicator):
    """All processes of one ``mpirun``; each sees one GPU, see ``communicator_mpi``.

    Raises
    ------
    UserError
        If NCCL is not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cuda = device_module("cuda").cuda
        try:
            self._nccl = nccl_backend(self.size, self.rank)
        except (ImportError, RuntimeError, AttributeError) as error:
            raise UserError(
                f"ranks on GPUs need NCCL ({error}): pip install nvidia-nccl-cu12"
            ) from None
        self._stream = self._cuda.Stream(non_blocking=True)

    def start(self, array: Array) -> Pending:
        if isinstance(array, np.ndarray):
            return super().start(array)
        complete = self._cuda.get_current_stream().record()  # the gradients, on their stream
        self._stream.wait_event(complete)
        self._nccl.all_reduce(array, array, stream=self._stream)
        return _OnStream(self._cuda, self._stream.record())


class _OnStream:
    """A sum on a stream of its own: the next computation waits for it, the processor does not."""

    def __init__(self, cuda: Any, event: Any) -> None:
        self._cuda, self._event = cuda, event

    def test(self) -> bool:
        return self._event.done

    def wait(self) -> None:
        self._cuda.get_current_stream().wait_event(self._event)
