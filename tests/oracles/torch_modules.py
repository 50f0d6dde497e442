"""The networks of ``torch_networks`` as PyTorch modules, for weights that ``export --torch`` wrote.

    from tests.oracles.torch_modules import module_like

    module = module_like(net)  # net: the network in minipose, whose weights do not matter here
    module.load_state_dict(torch.load("best.pt", weights_only=True))

They are without dropout, which draws other random numbers in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from minipose.exchange.torch_file import tensors
from minipose.models import HNet, PoseNet
from minipose.nn import BatchNorm2d, Module
from tests.oracles import torch_networks


class FunctionModule(torch.nn.Module):
    """``function(x, {name: tensor}, training)`` with these tensors as parameters and buffers.

    Parameters
    ----------
    learned : the names of those that are parameters
    """

    def __init__(self, function: Callable, state: Mapping[str, torch.Tensor], learned: set) -> None:
        super().__init__()
        self.function = function
        for name, tensor in state.items():
            *places, last = name.split(".")
            below = self
            for place in places:
                # not add_module: U-Net's "double" is also PyTorch's change to float64
                below = below._modules.setdefault(place, torch.nn.Module())
            if name in learned:
                below.register_parameter(last, torch.nn.Parameter(tensor))
            else:
                below.register_buffer(last, tensor)

    def forward(self, x: torch.Tensor) -> torch.Tensor | dict[str, torch.Tensor]:
        p = dict(self.named_parameters()) | dict(self.named_buffers())
        return self.function(x, p, self.training)


def module_like(net: Module) -> FunctionModule:
    """PyTorch's twin of a network, with copies of its weights."""
    learned = {name for name, _ in net.named_parameters()}  # which are called the same
    return FunctionModule(_function(net), tensors(net), learned)


def _function(net: Module) -> Callable:
    if isinstance(net, PoseNet):
        return lambda x, p, training: torch_networks.posenet(
            x, p, p.get("output_centre"), p.get("output_scale"), net.output_tanh
        )
    if isinstance(net, HNet):
        channels = {name: head.into[0] for name, head in net.heads.items()}
        return lambda x, p, training: torch_networks.hnet(x, p, channels)
    if is_normalised(net):
        return lambda x, p, training: torch_networks.normalised_unet(x, p, net.heads, training)
    return lambda x, p, training: torch_networks.unet(x, p, net.heads)


def is_normalised(net: Module) -> bool:
    """Whether there is batch normalisation in it."""
    return any(isinstance(module, BatchNorm2d) for module in net.modules())
