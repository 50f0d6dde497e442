"""PyTorch's own table of operators, with the samples that its developers test them with.

``OPERATORS`` says each one in minipose: PyTorch's name, with the variant where there is one, and a
function of the same arguments. A function raises ``Beyond`` for what minipose does without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import OpInfo

from tests.oracles import op_db_elementwise, op_db_networks, op_db_reductions, op_db_shapes
from tests.oracles.beyond import Beyond, Tally, need
from tests.oracles.torch_samples import NUMBERS, compare, convert, in_short, is_float, tensors

OPERATORS = {
    **op_db_elementwise.OPERATORS,
    **op_db_shapes.OPERATORS,
    **op_db_reductions.OPERATORS,
    **op_db_networks.OPERATORS,
}


def _full_name(info: OpInfo) -> str:
    return info.name + (f":{info.variant_test_name}" if info.variant_test_name else "")


TABLE: dict[str, OpInfo] = {_full_name(info): info for info in op_db}


def samples(name: str, dtype: torch.dtype) -> Iterator[tuple]:
    """Arguments of each sample, (args, kwargs); extremes, empty and strided ones too."""
    info = TABLE[name]
    try:
        found = list(info.reference_inputs("cpu", dtype, requires_grad=True))
    except ValueError:  # some tables draw integers too, of which no gradient can be asked
        found = info.sample_inputs("cpu", dtype, requires_grad=True)
    for sample in found:
        yield (sample.input, *sample.args), sample.kwargs


def judge(name: str, dtype: torch.dtype, ours: Callable) -> Tally:
    """Compare all samples of an operator. Raises ``AssertionError`` with the first that differs."""
    tally = Tally()
    for arguments in samples(name, dtype):
        try:
            compare(TABLE[name].op, ours, arguments, dtype)
            tally.agree += 1
        except Beyond as reason:
            tally.beyond[str(reason)] += 1
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            raise AssertionError(f"{name}{in_short(arguments)}: {text}") from error
    return tally


def judge_refusals(name: str, ours: Callable) -> Tally:
    """Give minipose what PyTorch refuses: each has to be an error, said in one line."""
    tally = Tally()
    for wrong in TABLE[name].error_inputs("cpu"):
        sample = wrong.sample_input
        arguments = ((sample.input, *sample.args), sample.kwargs)
        try:
            need("out" not in sample.kwargs, "results written into a given array")
            need(all(map(is_float, tensors(arguments))), NUMBERS)
            args, kwargs, _ = convert(arguments)
            result = ours(*args, **kwargs)
        except Beyond as reason:
            tally.beyond[str(reason)] += 1
        except (ValueError, TypeError, IndexError) as error:
            assert str(error) and "\n" not in str(error), f"{name}{in_short(arguments)}: {error}"
            tally.agree += 1
        else:
            raise AssertionError(f"{name}{in_short(arguments)}: taken, and gave {result}")
    return tally
