"""Lesson 21: the loss and the network, beside minipose's PoseNet with the same weights."""

import numpy as np

import minipose as mp
from lessons.workbook.judge import leaf, loss, same, tensor
from minipose import losses
from tests import loss_reference

rng = np.random.default_rng(21)
SAID, TRUE = rng.normal(0, 100, (2, 4, 6))
SIZES = {4: "pictures", 6: "coordinates"}


def joint_squared_error(mine):
    gap = SAID - TRUE
    total = float((gap**2).sum())
    known = {
        "without the ½": total / 4,
        "without 1/T": total / 2,
        "of a mean over the coordinates, too: they are summed": total / 48,
        "without the square": float(np.abs(gap).sum()) / 8,
    }

    def gradients(g):
        return {
            "with R − R̂: it is R̂ − R": -g * gap / 4,
            "without 1/T": g * gap,
            "with a 2 that the ½ has taken": 2 * g * gap / 4,
            "if g is forgotten": gap / 4,
            "if it is divided by the coordinates, too": g * gap / 24,
        }

    loss(
        "joint_squared_error",
        mine.joint_squared_error,
        {"predicted": SAID},
        TRUE,
        loss_reference.joint_squared_error,
        losses.joint_squared_error,
        SIZES,
        known,
        gradients,
    )


def posenet(mine):
    """The same weights, the same pictures: the same 51 numbers."""
    kernels, hidden = (2, 3, 4), (16, 24)
    other = mp.models.PoseNet(kernels, "regression", rng=np.random.default_rng(3), hidden=hidden)
    centre, scale = rng.normal(0, 300, 51), rng.uniform(50, 150, 51)
    other.set_output_range(centre, scale)
    net = mine.PoseNet(kernels, hidden, np.random.default_rng(4))
    net.centre, net.scale = centre, scale
    for name, array in other.state_dict().items():
        if name.startswith(("conv", "fc", "out.")):
            layer, part = name.split(".")
            own = getattr(getattr(net, layer), part)
            own.data = array.astype(float) + (0.1 if part == "bias" else 0.0)
            getattr(getattr(other, layer), part).assign_(own.data.astype(np.float32))
    x = rng.random((3, 1, 128, 128)).astype(np.float32)
    said = tensor("PoseNet", net(leaf(x)))
    right = other(mp.Tensor(x)).data
    known = {
        "without scale and centre": (right - centre) / scale,
        "without the centre": right - centre,
        "without the scale": (right - centre) / scale + centre,
        "with a tanh after the last layer: it may be any number": lambda: (
            np.tanh((right - centre) / scale) * scale + centre
        ),
        "without tanh after the convolutions": lambda: _without(other, x, (True, False)),
        "without tanh after the full layers": lambda: _without(other, x, (False, True)),
        "without any tanh": lambda: _without(other, x, (False, False)),
    }
    sizes = {3: "pictures", 51: "coordinates"}
    same("what PoseNet says", said.data, right, sizes, known, rtol=1e-3, atol=0.05)


def _without(net, x, bends):
    """minipose's network with tanh left out after the full layers, or after the convolutions."""
    full, early = bends
    ops, y = mp.ops, mp.Tensor(x)
    for conv in (net.conv1, net.conv2, net.conv3):
        y = ops.max_pool2d(ops.conv2d(y, conv.weight, conv.bias), 2)
        y = ops.tanh(y) if early else y
    y = ops.flatten(y)
    for layer in (net.fc1, net.fc2):
        y = ops.linear(y, layer.weight, layer.bias)
        y = ops.tanh(y) if full else y
    return net.out(y).data * net.output_scale + net.output_centre


PARTS = (joint_squared_error, posenet)
