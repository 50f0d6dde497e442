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
from lessons.book.drawing import CELL, INK, ONE, SOFT, THREE, TWO, Drawing
from minipose import ops
from minipose.kernels.im2col import im2col
from minipose.models import UNet
from minipose.nn.harmonic import HarmonicConv2d

Made = tuple[Drawing, str]  # and what it shows, in words


def paths() -> Made:
    """Lesson 2: u = 2w, L = u · w, with what goes forward and what comes back."""
    w = mp.Tensor(3.0, requires_grad=True)
    u = 2.0 * w
    loss = u * w
    loss.backward()
    by_u, by_w = 2.0 * w.item(), u.item()  # along w → u → L, and along w → L
    assert w.grad == by_u + by_w
    d = Drawing(620, 190)
    for x, words in ((20, f"w = {w.item():g}"), (250, f"u = 2w = {u.item():g}")):
        d.box(x, 108, 120, 40, words, ONE)
    d.box(480, 108, 120, 40, f"L = u·w = {loss.item():g}", THREE)
    d.arrow((142, 128), (248, 128), ONE)
    d.text(195, 114, "du/dw = 2", 12, ONE)
    d.arrow((372, 128), (478, 128), ONE)
    d.text(425, 114, f"dL/du = w = {w.item():g}", 12, ONE)
    d.arrow((90, 104), (520, 104), TWO, bend=0.17)
    d.text(305, 42, f"dL/dw = u = {by_w:g}, straight", 12, TWO)
    d.text(
        310, 176, f"sum over both paths: 2 · {w.item():g} + {by_w:g} = {w.grad:g}", 14, bold=True
    )
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
    d = Drawing(640, 268)
    d.text(65, 14, "picture", 12, SOFT)
    d.numbers(14, 28, x)
    d.frame(14 + CELL, 28, 2, 2)
    d.text(52, 156, "kernel", 12, SOFT)
    d.numbers(14, 168, weight)
    d.arrow((122, 66), (208, 66), SOFT)
    d.text(292, 14, "im2col: a column for each window", 12, SOFT)
    shades = {(row, 1): TWO for row in range(4)}
    d.numbers(224, 28, cols, shades)
    d.frame(224 + CELL, 28, 4, 1)
    d.text(292, 190, "kernel as a row, times the columns", 12, SOFT)
    d.numbers(224, 204, weight.reshape(1, 4), {(0, k): ONE for k in range(4)})
    d.text(386, 219, "·", 22)
    d.text(436, 219, "columns =", 13)
    d.numbers(488, 204, y, {(0, 1): TWO})
    d.text(496, 90, "the second window:", 13, TWO)
    sums = " + ".join(f"{a:g}·{b:g}" for a, b in zip(weight.ravel(), cols[:, 1]))
    d.text(496, 112, sums, 13)
    d.text(496, 134, f"= {y[0, 1]:g}", 13, bold=True)
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
    tints = (ONE, TWO, THREE, "#5b5fc7")
    d = Drawing(640, 190)
    winners = {(r, c): tints[2 * (r // 2) + c // 2] for r, c in np.argwhere(grad)}
    blocks = {(r, c): tints[2 * r + c] for r in range(2) for c in range(2)}
    places = ((14, 30), (186, 64), (342, 64), (490, 30))
    titles = ("x", "y: the largest", "gradient at y", "gradient at x")
    for (left, top), title, values, fills in zip(
        places, titles, (x, y.data[0, 0], g, grad), (winners, blocks, blocks, winners)
    ):
        d.numbers(left, top, values, fills)
        d.text(left + CELL * values.shape[1] / 2, 14, title, 12, SOFT)
    d.arrow((152, 97), (180, 97))
    d.text(298, 97, "…", 16)
    d.arrow((414, 97), (484, 97))
    d.text(82, 178, "5 and 5 are tied: the first one gets it", 12, SOFT, anchor="start")
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
    levels, d = len(down), Drawing(660, 330)

    def label(channels: int, level: int) -> str:
        return f"{channels} × {size[0] >> level} × {size[1] >> level}"

    for level, channels in enumerate(down):
        x, y = 14 + 54 * level, 34 + 58 * level
        lowest = level + 1 == levels
        d.box(x, y, 200 if lowest else 104, 34, label(channels, level), ONE, 12)
        if not lowest:
            d.arrow((x + 40, y + 36), (x + 80, y + 56), ONE)
            right = 542 - 54 * level
            d.arrow((x + 106, y + 17), (right - 2, y + 17), TWO, dashed=True)
            d.arrow((right - 10, y + 56), (right + 30, y + 36), THREE)
    for level, channels in zip(range(levels - 2, -1, -1), up):
        d.box(542 - 54 * level, 34 + 58 * level, 104, 34, label(channels, level), THREE, 12)
    d.text(66, 14, f"picture 3 × {size[0]} × {size[1]}", 12, SOFT)
    d.text(594, 14, f"scores 2 × {size[0]} × {size[1]}", 12, SOFT)
    d.text(330, 40, "skip: handed across and put beside", 12, TWO)
    d.text(78, 316, "down: max-pool halves", 12, ONE)
    d.text(650, 316, "up: each pixel becomes four", 12, THREE, anchor="end")
    told = ", ".join(label(c, n) for n, c in enumerate(down))
    return d, (
        f"A U shape of boxes, channels by height by width. Down: {told}. Up again to "
        f"{label(up[-1], 0)}. From each box on the way down but the lowest a dashed arrow leads "
        "straight across to the box of its size on the way up."
    )


def streams() -> Made:
    """Lesson 38: two orders, the filters between them, and how far arrows turn with the picture."""
    turned = quarter_turns()
    d = Drawing(640, 262)
    xs, ys = (120, 330, 540), (60, 170)
    for order, y in enumerate(ys):
        d.text(6, y, f"order {order}", 13, anchor="start", bold=True)
        for column, x in enumerate(xs):
            if order == 1 and column == 0:
                continue
            d.box(
                x - 40, y - 20, 80, 40, "picture" if not column else "channels", (ONE, TWO)[order]
            )
    for column in range(2):
        a, b = xs[column] + 42, xs[column + 1] - 42
        d.arrow((a, ys[0]), (b, ys[0]), ONE)
        d.text((a + b) / 2, ys[0] - 12, "ν = 0", 12, ONE)
        d.arrow((a, ys[0] + 10), (b, ys[1] - 12), THREE)
        d.text(a + 66, ys[0] + 30, "ν = −1", 12, THREE)
    a, b = xs[1] + 42, xs[2] - 42
    d.arrow((a, ys[1]), (b, ys[1]), TWO)
    d.text((a + b) / 2, ys[1] + 14, "ν = 0", 12, TWO)
    d.arrow((a, ys[1] - 10), (b, ys[0] + 12), "#5b5fc7")
    d.text(a + 62, ys[1] - 30, "ν = 1", 12, "#5b5fc7")
    words = "; ".join(f"arrows of order {n} turn by {t:.0f}°" for n, t in enumerate(turned))
    d.text(320, 222, "from order n to order o leads a filter with ν = n − o", 13, INK)
    d.text(320, 246, f"picture rotated by 90°: {words}", 13, INK, bold=True)
    return d, (
        "Two streams, orders 0 and 1. From the picture, of order 0, a filter with ν = 0 leads to "
        "order 0 and one with ν = −1 to order 1; in the next layer ν = 0 leads from 1 to 1 and "
        f"ν = 1 from 1 back to 0. With the picture rotated by 90 degrees, {words}."
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
    Diagram(columns, 10, "(the last arguments: steps of one pixel, no margin):"),
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
