"""Ideas as pictures with worked numbers: every number in them is computed by minipose."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import minipose as mp
from lessons.book.drawing import CELL, ONE, SOFT, THREE, TWO, VIOLET, Drawing
from minipose import ops
from minipose.kernels.im2col import im2col
from minipose.models import UNet
from minipose.nn.harmonic import HarmonicConv2d

Made = tuple[Drawing, str]  # and what it shows, in words
WIDTH = 340  # so that a phone shows them at their own size


def paths() -> Made:
    """Lesson 2: u = 2w, L = u · w, with what goes forward and what comes back."""
    w = mp.Tensor(3.0, requires_grad=True)
    u = 2.0 * w
    loss = u * w
    loss.backward()
    by_u, by_w = 2.0 * w.item(), u.item()  # along w → u → L, and along w → L
    assert w.grad == by_u + by_w
    d = Drawing(WIDTH, 300)
    d.box(150, 8, 110, 38, f"w = {w.item():g}", ONE)
    d.box(14, 112, 110, 38, f"u = 2w = {u.item():g}", ONE)
    d.box(150, 216, 110, 38, f"L = u·w = {loss.item():g}", THREE)
    d.arrow((168, 48), (92, 110), ONE)
    d.text(66, 72, "du/dw = 2", 13, ONE)
    d.arrow((92, 152), (168, 214), ONE)
    d.text(62, 192, f"dL/du = w = {w.item():g}", 13, ONE)
    d.arrow((222, 48), (222, 214), TWO)
    d.text(230, 124, "straight:", 13, TWO, anchor="start")
    d.text(230, 144, f"dL/dw = u = {by_w:g}", 13, TWO, anchor="start")
    d.text(WIDTH / 2, 282, f"both paths: 2 · {w.item():g} + {by_w:g} = {w.grad:g}", 14, bold=True)
    return d, (
        f"A graph of three boxes: w is {w.item():g}, u is 2w, {u.item():g}, and L is u times w, "
        f"{loss.item():g}. Along w, u, L the derivatives 2 and {w.item():g} multiply to {by_u:g}; "
        f"the straight path from w to L has {by_w:g}; together {w.grad:g}."
    )


def columns() -> Made:
    """Lesson 10: im2col of a 3 × 3 picture for a 2 × 2 kernel, and the product."""
    x, weight = np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)
    cols = im2col(x[None, None], (2, 2), (1, 1), (0, 0)).reshape(4, 4)
    y = weight.reshape(1, 4) @ cols
    d = Drawing(WIDTH, 398)
    d.text(60, 12, "picture", 13, SOFT)
    d.numbers(10, 26, x)
    d.frame(10 + CELL, 26, 2, 2)
    d.text(251, 12, "a column for each window", 13, SOFT)
    d.arrow((116, 60), (180, 60), SOFT)
    shades = {(row, 1): TWO for row in range(4)}
    d.numbers(188, 26, cols, shades)
    d.frame(188 + CELL, 26, 4, 1)
    d.text(60, 156, "kernel", 13, SOFT)
    d.numbers(28, 170, weight, {(row, column): ONE for row, column in np.ndindex(2, 2)})
    d.text(WIDTH / 2, 268, "the kernel as a row, times all columns", 13, SOFT)
    d.numbers(10, 284, weight.reshape(1, 4), {(0, k): ONE for k in range(4)})
    d.text(166, 299, "→", 18, SOFT)
    d.numbers(188, 284, y, {(0, 1): TWO})
    sums = " + ".join(f"{a:g}·{b:g}" for a, b in zip(weight.ravel(), cols[:, 1]))
    d.text(WIDTH / 2, 346, "the second window:", 13, TWO)
    d.text(WIDTH / 2, 372, f"{sums} = {y[0, 1]:g}", 15, bold=True)
    return d, (
        "A picture of three by three numbers, 0 to 8, and a kernel of 0, 1, 2, 3. Each of its four "
        f"windows becomes a column; the second one holds {_row(cols[:, 1])}. The kernel as a row "
        f"times the columns gives {_row(y[0])}."
    )


def pooled() -> Made:
    """Lesson 11: where the gradient of a max-pool lands, with a tie."""
    x = np.array([[1, 3, 2, 0], [4, 2, 1, 6], [5, 5, 7, 1], [0, 2, 3, 8]], float)
    g = np.array([[10, 20], [30, 40]], float)
    tensor = mp.Tensor(x[None, None], requires_grad=True)
    y = ops.max_pool2d(tensor, 2)
    y.backward(g[None, None])
    grad = tensor.grad[0, 0]
    tints = (ONE, TWO, THREE, VIOLET)
    d = Drawing(WIDTH, 376)
    winners = {(r, c): tints[2 * (r // 2) + c // 2] for r, c in np.argwhere(grad)}
    blocks = {(r, c): tints[2 * r + c] for r in range(2) for c in range(2)}
    places = ((14, 26), (246, 60), (246, 238), (14, 204))
    titles = ("x", "y: the largest", "gradient at y", "gradient at x")
    for (left, top), title, values, fills in zip(
        places, titles, (x, y.data[0, 0], g, grad), (winners, blocks, blocks, winners)
    ):
        d.numbers(left, top, values, fills)
        d.text(left + CELL * values.shape[1] / 2, top - 14, title, 13, SOFT)
    d.arrow((158, 93), (236, 93))
    d.text(197, 78, "forward", 13, SOFT)
    d.arrow((236, 271), (158, 271))
    d.text(197, 256, "backward", 13, SOFT)
    d.text(WIDTH / 2, 362, "5 and 5 are tied: the first one gets it", 13, SOFT)
    return d, (
        f"Max-pool of four by four numbers: the largest of each block are {_row(y.data)}. The "
        f"gradients {_row(g)} that arrive there go to the pixels that were largest, of two equal "
        "ones to the first; all other pixels get 0."
    )


def skips(width: int = 4, size: tuple[int, int] = (96, 64)) -> Made:
    """Lesson 29: the U-Net's channels and sizes, and what is handed across."""
    net = UNet({"mask": 2}, width=width, rng=np.random.default_rng(0)).eval()
    down = [block.second.weight.shape[0] for block in net.down]
    up = [block.second.weight.shape[0] for block in net.up]
    score = net(mp.Tensor(np.zeros((1, 3, *size), np.float32)))["mask"].shape
    assert score == (1, 2, *size)
    levels, d = len(down), Drawing(WIDTH, 372)
    wide, inwards = 96, 12  # a box, and how much further in the next level lies

    def label(channels: int, level: int) -> str:
        return f"{channels} × {size[0] >> level} × {size[1] >> level}"

    for level, channels in enumerate(down):
        x, y = 4 + inwards * level, 44 + 60 * level
        if level + 1 == levels:  # the lowest
            d.box(x + 30, y, WIDTH - 2 * (x + 30), 34, label(channels, level), ONE)
            continue
        right = WIDTH - x - wide
        d.box(x, y, wide, 34, label(channels, level), ONE)
        d.arrow((x + 52, y + 36), (x + 58, y + 58), ONE)
        d.arrow((x + wide + 2, y + 17), (right - 2, y + 17), TWO, dashed=True)
        d.arrow((right + wide - 58, y + 58), (right + wide - 52, y + 36), THREE)
    for level, channels in zip(range(levels - 2, -1, -1), up):
        right = WIDTH - 4 - inwards * level - wide
        d.box(right, 44 + 60 * level, wide, 34, label(channels, level), THREE)
    d.text(4, 26, f"picture 3 × {size[0]} × {size[1]}", 12, SOFT, anchor="start")
    d.text(WIDTH - 4, 26, f"scores 2 × {size[0]} × {size[1]}", 12, SOFT, anchor="end")
    d.text(WIDTH / 2, 80, "skip: handed across", 12, TWO)
    d.text(WIDTH / 2, 96, "and put beside", 12, TWO)
    d.text(4, 340, "down: max-pool halves", 13, ONE, anchor="start")
    d.text(WIDTH - 4, 360, "up: each pixel becomes four", 13, THREE, anchor="end")
    told = ", ".join(label(c, n) for n, c in enumerate(down))
    return d, (
        f"A U shape of boxes, channels by height by width. Down: {told}. Up again to "
        f"{label(up[-1], 0)}. From each box on the way down but the lowest a dashed arrow leads "
        "straight across to the box of its size on the way up."
    )


def streams() -> Made:
    """Lesson 38: two orders, the filters between them, and how far arrows turn with the picture."""
    turned = quarter_turns()
    d = Drawing(WIDTH, 390)
    xs, ys = (90, 250), (60, 160, 290)  # the streams, and one layer after the other
    for order, x in enumerate(xs):
        d.text(x, 16, f"order {order}", 13, bold=True)
        for layer, y in enumerate(ys):
            if order == 1 and layer == 0:
                continue
            d.box(x - 46, y - 20, 92, 40, "channels" if layer else "picture", (ONE, TWO)[order])
    for layer in range(2):
        top, below = ys[layer] + 22, ys[layer + 1] - 22
        d.arrow((xs[0] - 20, top), (xs[0] - 20, below), ONE)
        d.text(xs[0] - 28, (top + below) / 2, "ν = 0", 13, ONE, anchor="end")
        d.arrow((xs[0] + 30, top), (xs[1] - 34, below), THREE)
    d.text(172, 102, "ν = −1", 13, THREE, anchor="start")
    d.text(194, 258, "ν = −1", 13, THREE, anchor="end")
    d.arrow((xs[1] + 20, ys[1] + 22), (xs[1] + 20, ys[2] - 22), TWO)
    d.text(xs[1] + 28, 225, "ν = 0", 13, TWO, anchor="start")
    d.arrow((xs[1] - 30, ys[1] + 22), (xs[0] + 34, ys[2] - 22), VIOLET)
    d.text(200, 192, "ν = 1", 13, VIOLET, anchor="end")
    d.text(WIDTH / 2, 332, "from order n to o: a filter with ν = n − o", 13)
    d.text(WIDTH / 2, 358, "picture rotated by 90°: arrows of", 13, bold=True)
    words = [f"order {n} turn by {t:.0f}°" for n, t in enumerate(turned)]
    d.text(WIDTH / 2, 378, ", of ".join(words), 13, bold=True)
    return d, (
        "Two streams, orders 0 and 1. From the picture, of order 0, a filter with ν = 0 leads to "
        "order 0 and one with ν = −1 to order 1; in the next layer ν = 0 leads from 1 to 1 and "
        "ν = 1 from 1 back to 0. With the picture rotated by 90 degrees, the arrows of "
        f"{' and those of '.join(words)}."
    )


def quarter_turns() -> list[float]:
    """By how many degrees the arrows of orders 0 and 1 turn as a picture is rotated by 90°."""
    layer = HarmonicConv2d((1,), (1, 1), np.random.default_rng(0)).astype(np.float64)
    picture = np.random.default_rng(1).random((1, 1, 5, 5))
    real = np.concatenate([picture, np.zeros_like(picture)], axis=1)
    before, after = (
        layer(mp.Tensor(np.ascontiguousarray(planes))).data[0, :, 2, 2]
        for planes in (real, np.rot90(real, axes=(2, 3)))
    )
    ratio = (after[0::2] + 1j * after[1::2]) / (before[0::2] + 1j * before[1::2])
    return [round(float(angle), 6) % 360 for angle in np.degrees(np.angle(ratio))]


def _row(values: np.ndarray) -> str:
    return ", ".join(f"{value:g}" for value in np.ravel(values))


@dataclass(frozen=True)
class Diagram:
    """A picture, its lesson, and the text of the lesson behind which it stands."""

    make: Callable[[], Made]
    lesson: int
    behind: str


ALL = (
    Diagram(paths, 2, "and since $L = 2w^2$, $dL/dw = 4w = 12$."),
    Diagram(columns, 10, "So copy what each output pixel sees into a column."),
    Diagram(pooled, 11, "So all of the gradient goes to it, and the others get none. By loops:"),
    Diagram(skips, 29, "mixes the channels of each pixel to its scores."),
    Diagram(streams, 38, "ν = 0 within each, ν = −1 from 0 to 1 and ν = 1 back."),
)


@cache
def drawn(diagram: Diagram) -> tuple[str, str]:
    """The SVG and its words."""
    drawing, words = diagram.make()
    return drawing.svg(words), words


def insert(cells: list[Any], lesson: int, inline: bool = True) -> None:
    """Put a lesson's diagrams behind the text that they show.

    ``inline``: as SVG in the page; else as a picture, which a notebook shows as well.

    Raises
    ------
    ValueError
        If the lesson does not hold that text any more.
    """
    for diagram in ALL:
        if diagram.lesson != lesson:
            continue
        svg, words = drawn(diagram)
        code = base64.b64encode(re.sub(r"var\([^,]+, (#\w+)\)", r"\1", svg).encode()).decode()
        shown = (
            f'<figure class="diagram">{svg}</figure>'
            if inline
            else f"![{words}](data:image/svg+xml;base64,{code})"
        )
        # The text may be broken into lines anywhere.
        wanted = re.compile(r"\s+".join(map(re.escape, diagram.behind.split())))
        for cell in cells:
            place = wanted.search(cell.source) if cell.cell_type == "markdown" else None
            if place:
                rest = cell.source[place.end() :]
                cell.source = f"{cell.source[: place.end()]}\n\n{shown}\n\n{rest}"
                break
        else:
            raise ValueError(f"lesson {lesson}: no text {diagram.behind!r} for its diagram")
