"""The networks of both reports from PyTorch's functions, written from the reports' text.

Each takes an input and a mapping of minipose's parameter names to tensors.
"""

from __future__ import annotations

import torch
from torch.nn import functional as f

from tests.oracles import torch_harmonic as harmonic


def posenet(x, p, centre=None, scale=None, output_tanh=False):
    """Report 1: bias and tanh before the pool, as its figure 3 has them (minipose: after it).

    A normalised one has a batch norm after the pool instead of the bias, by the running statistics
    where ``p`` has them.
    """

    def squashed(x, norm):
        if f"{norm}.weight" in p:
            names = ("running_mean", "running_var", "weight", "bias")
            own = [p.get(f"{norm}.{which}") for which in names]
            x = f.batch_norm(x, *own, training=own[0] is None)
        return torch.tanh(x)

    for k in (1, 2, 3):
        x = f.conv2d(x, p[f"conv{k}.weight"], p.get(f"conv{k}.bias"))
        if f"norm{k}.weight" in p:
            x = squashed(f.max_pool2d(x, 2), f"norm{k}")
        else:
            x = f.max_pool2d(squashed(x, ""), 2)
    x = x.flatten(1)
    for k in (1, 2):
        x = squashed(f.linear(x, p[f"fc{k}.weight"], p.get(f"fc{k}.bias")), f"norm{k + 3}")
    y = f.linear(x, p["out.weight"], p["out.bias"])
    if output_tanh:
        y = torch.tanh(y)
    return y if centre is None else y * scale + centre


def unet(x, p, heads, patch=1):
    """Report 2, section II.C.1: {head: scores}."""

    def conv(x, name, padding):
        return f.conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"], padding=padding)

    def unit(x, *names, padding):
        return f.relu(conv(x, ".".join(names), padding))

    return _unet(x, p, heads, unit, patch)


def normalised_unet(x, p, heads, training=True, patch=1):
    """The same with batch normalisation before each ReLU.

    In training by the statistics of the batch, and the running ones move, where ``p`` has them.
    """
    names = ("running_mean", "running_var", "weight", "bias")

    def unit(x, name, *convolution, padding):
        x = f.conv2d(x, p[".".join((name, "layers.0", *convolution, "weight"))], padding=padding)
        norm = [p.get(f"{name}.layers.1.{which}") for which in names]
        return f.relu(f.batch_norm(x, *norm, training=training))

    return _unet(x, p, heads, unit, patch)


def _unet(x, p, heads, unit, patch):
    """``unit`` is a convolution with all that follows it, the ReLU being the last."""

    def two(x, name):
        return unit(unit(x, f"{name}.first", padding=1), f"{name}.second", padding=1)

    h, w = x.shape[2:]
    side = 16 * patch
    x, skips = f.pixel_unshuffle(f.pad(x, (0, -w % side, 0, -h % side)), patch), []
    for level in range(4):
        x = two(x, f"down.{level}")
        skips.append(x)
        x = f.max_pool2d(x, 2)
    x = two(x, "down.4")
    for step in range(4):
        x = f.pad(f.interpolate(x, scale_factor=2), (0, 1, 0, 1))  # 'same' of a 2×2 kernel
        x = unit(x, f"double.{step}", "convolution", padding=0)
        x = two(torch.cat([skips.pop(), x], 1), f"up.{step}")
    scores = {}
    for name in heads:
        place, size = f"heads.{name}", (h // patch, w // patch)
        if f"{place}.scores.weight" in p:  # of each pixel of a block
            y = f.conv2d(x, p[f"{place}.scores.weight"], p[f"{place}.scores.bias"])
            y, size = f.pixel_shuffle(y, patch), (h, w)
        else:
            y = f.conv2d(x, p[f"{place}.weight"], p[f"{place}.bias"])
        scores[name] = y[:, :, : size[0], : size[1]]
    return scores


def hnet(x, p, heads):
    """Report 2, section II.C.2: {head: scores}."""

    def convolve(x, name, of, into, **options):
        weights = harmonic.polar(p[f"{name}.radial"], p[f"{name}.phase"])
        centres = [p[f"{name}.centre_{o}"] for o in range(min(len(of), len(into)))]
        return harmonic.convolve(x, weights, *centres, of=of, into=into, **options)

    def unit(x, name, of, into, scale=1):
        x = harmonic.norm(convolve(x, f"{name}.convolution", of, into, scale=scale), into)
        return harmonic.gate(x, p[f"{name}.gate.weight"], p[f"{name}.gate.bias"], into)

    def block(x, name, of, into):
        return unit(unit(x, f"{name}.first", of, into), f"{name}.second", into, into)

    h, w = x.shape[2:]
    width = len(p["down.0.first.gate.bias"]) // 2
    levels = [(width * 2**level,) * 2 for level in range(5)]
    x, skips = f.pad(x, (0, -w % 16, 0, -h % 16)), []
    for level in range(5):
        x = f.avg_pool2d(x, 2) if level else x
        x = block(x, f"down.{level}", levels[level - 1] if level else (3,), levels[level])
        skips.append(x)
    skips.pop()
    for step in range(4):
        of, into = levels[4 - step], levels[3 - step]
        x = unit(x, f"double.{step}", of, into, scale=2)
        x = harmonic.concatenate(skips.pop(), x, streams=(into, into))
        x = block(x, f"up.{step}", of, into)
    return {
        name: convolve(x, f"heads.{name}", levels[0], (channels,), real_output=True)[:, :, :h, :w]
        for name, channels in heads.items()
    }
