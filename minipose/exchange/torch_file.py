"""PyTorch's files of tensors: ``torch.save`` of {name: tensor}, no pickled code.

Shapes are the same in both libraries; names are those of ``torch_names``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import torch

from minipose.errors import UserError
from minipose.exchange.files import expect_file, expect_finite, new_file
from minipose.exchange.torch_names import OURS, THEIRS, WITHOUT, renamed
from minipose.nn import Module


def tensors(net: Module) -> dict[str, torch.Tensor]:
    """All parameters and buffers by PyTorch's names: copies, on the CPU."""
    return {renamed(n, THEIRS): torch.from_numpy(a) for n, a in net.state_dict().items()}


def write(path: Path, net: Module) -> list[str]:
    """Write all parameters and buffers; returns their names there.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    state = tensors(net)
    with new_file(path) as partial, open(partial, "wb") as file:
        torch.save(state, file)
    return list(state)


def read(path: Path, net: Module) -> None:
    """Put the tensors of a file into a network, all or none.

    Raises
    ------
    UserError
        If the file is no file of tensors, is damaged, or is of another network.
    """
    expect_file(path, "a file of tensors that torch.save has written")
    try:
        with warnings.catch_warnings(action="ignore"):
            given = torch.load(path, map_location="cpu", weights_only=True)
    except (
        Exception
    ) as error:  # RuntimeError, UnpicklingError, EOFError, ...: of one kind or another
        reason = str(error).strip().partition("\n")[0].partition(". ")[0]
        raise UserError(f"{path}: torch.load cannot read it as tensors alone ({reason})") from None
    if not isinstance(given, Mapping):
        raise UserError(f"{path}: a {type(given).__name__}, expected tensors by name")
    state = {}
    for name, value in given.items():
        if not isinstance(value, torch.Tensor):
            raise UserError(f"{path}: {name} is a {type(value).__name__}, expected a tensor")
        if str(name).rpartition(".")[2] == WITHOUT:
            continue
        if value.dtype != torch.float32 or value.layout != torch.strided:
            raise UserError(f"{path}: {name} is {value.dtype} {value.layout}, expected float32")
        state[renamed(str(name), OURS)] = value.detach().numpy().copy()
    expect_finite(path, state)
    try:
        net.load_state_dict(state)
    except ValueError as error:
        raise UserError(f"{path}: does not fit: {error}") from None
