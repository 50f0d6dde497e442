"""How exactly do channels rotate with the picture? Layers and networks, harmonic and plain.

The picture is a sum of Gaussian blobs, drawn rotated rather than rotated as pixels, so that the
error is that of the network alone (and that of rotating its channels by cubic splines, far
smaller).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform

from minipose.kernels.circular_harmonics import parts
from minipose.nn import Conv2d, Module
from minipose.nn.harmonic import HarmonicConv2d
from minipose.plots.harmonic import draw_equivariance, draw_filters, draw_rotated_streams
from minipose.tensor import Tensor, no_grad

ANGLES = tuple(range(0, 181, 5))  # degrees, anticlockwise
SIDE, SIGMA, BLOBS = 128, 5.0, 24  # px, px
STREAMS = (4, 4)

Streams = list[np.ndarray]  # complex channels (C, H, W) of order 0, of order 1, ...


def blobs(degrees: float, side: int = SIDE, sigma: float = SIGMA, seed: int = 0) -> np.ndarray:
    """Coloured Gaussian blobs around the centre, rotated anticlockwise: (1, 3, side, side)."""
    rng = np.random.default_rng(seed)
    far = 0.32 * side * np.sqrt(rng.uniform(size=BLOBS))
    angle = rng.uniform(0, 2 * np.pi, BLOBS) + np.deg2rad(degrees)
    colours = rng.uniform(-1, 1, (3, BLOBS))
    middle, pixels = (side - 1) / 2, np.arange(side)
    down = np.exp(-((pixels[:, None] - middle + far * np.sin(angle)) ** 2) / (2 * sigma**2))
    right = np.exp(-((pixels[:, None] - middle - far * np.cos(angle)) ** 2) / (2 * sigma**2))
    image = np.einsum("ck,hk,wk->chw", colours, down, right)
    return image[None] + 0.5


def rotated_channels(channels: np.ndarray, degrees: float, order: int) -> np.ndarray:
    """Complex channels (C, H, W) rotated anticlockwise about the middle, times e^{i·order·φ}."""
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = (np.array(channels.shape[1:]) - 1) / 2
    offset = middle - rotation @ middle
    both = [
        [affine_transform(part, rotation, offset, order=3) for part in (plane.real, plane.imag)]
        for plane in channels
    ]
    return np.array([re + 1j * im for re, im in both]) * np.exp(1j * order * angle)


def errors(function: Callable[[np.ndarray], Streams], angles: Sequence[float]) -> list[list[float]]:
    """For each order, ‖f(rotated x) − rotated f(x)‖ / ‖f(x)‖ in the centre's disc, by angle."""
    straight = function(blobs(0))
    found: list[list[float]] = [[] for _ in straight]
    for angle in angles:
        for order, channels in enumerate(function(blobs(angle))):
            expected = rotated_channels(straight[order], angle, order)
            inside = _disc(channels.shape[1:])
            apart = np.linalg.norm((channels - expected)[:, inside])
            found[order].append(float(apart / np.linalg.norm(expected[:, inside])))
    return found


def of_layer(layer: Module, streams: tuple[int, ...] = ()) -> Callable[[np.ndarray], Streams]:
    """What a layer gives for a picture: streams, or real channels if there are none."""

    def function(x: np.ndarray) -> Streams:
        with no_grad():
            y = layer(Tensor(x.astype(np.float64))).data[0]
        if not streams:
            return [y.astype(complex)]
        return [y[re] + 1j * y[im] for re, im in parts(streams)]

    return function


def of_network(net: Module) -> Callable[[np.ndarray], Streams]:
    """A network's mask scores for a picture."""

    def function(x: np.ndarray) -> Streams:
        with no_grad():
            return [net.eval()(Tensor(x.astype(np.float32)))["mask"].data[0].astype(complex)]

    return function


def draw(folder: Path, nets: dict[str, Module], picture: np.ndarray) -> dict[str, str]:
    """Three pictures: filters, one picture's streams at four angles, errors against the angle.

    Parameters
    ----------
    folder : where they go
    nets : label and network on the CPU
    picture : uint8 (H, W, 3)
    """
    rng = np.random.default_rng(0)
    harmonic = HarmonicConv2d((3,), STREAMS, rng).astype(np.float64)
    plain = Conv2d(3, 8, 3, rng, padding=1, bias=False).astype(np.float64)
    zero, one = errors(of_layer(harmonic, STREAMS), ANGLES)
    (usual,) = errors(of_layer(plain), ANGLES)
    layers = {"plain 3×3": usual, "harmonic, order 1": one, "harmonic, order 0": zero}
    fewer = ANGLES[::3]
    whole = {label: (fewer, errors(of_network(net), fewer)[0]) for label, net in nets.items()}
    panels = {
        "one convolution": {label: (ANGLES, found) for label, found in layers.items()},
        "the whole networks' scores": whole,
    }
    draw_equivariance(panels, folder / "equivariance.png")
    draw_filters(folder / "filters.png")
    columns = []
    side = min(picture.shape[:2]) // 2 * 2
    top, left = ((n - side) // 2 for n in picture.shape[:2])
    square = picture[top : top + side, left : left + side] / 255
    look = HarmonicConv2d((3,), (1, 1), np.random.default_rng(3), kernel_size=5).astype(np.float64)
    for quarters in range(4):
        there = np.ascontiguousarray(np.rot90(square, quarters))
        found = of_layer(look, (1, 1))(there.transpose(2, 0, 1)[None])
        columns.append((f"{90 * quarters}°", there, found[0][0], found[1][0]))
    draw_rotated_streams(columns, folder / "streams.png")
    return {
        "filters.png": "The fixed patterns of harmonic filters",
        "streams.png": "Channels of order 0 and 1 of one picture, rotated: the arrows rotate too",
        "equivariance.png": "How far channels and scores are from rotating with the picture",
    }


def _disc(size: tuple[int, int]) -> np.ndarray:
    """Pixels whose surroundings stay in the picture at every angle."""
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in size)
    return np.hypot(rows[:, None], columns) < 0.4 * min(size)
