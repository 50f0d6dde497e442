"""Lesson 25: the mirror."""

import numpy as np

from lessons.workbook.judge import ask, same
from minipose.experiments.pose3d.data import mirror
from minipose.skeletons import H36M_17, mirrored

rng = np.random.default_rng(25)
PIXELS, SPACE = rng.uniform(0, 127, (4, 17, 2)), rng.normal(0, 300, (4, 17, 3))
SPACE -= SPACE[:, :1]
SIZES = {4: "pictures", 17: "joints", 2: "pixel coordinates", 3: "coordinates"}


def partners(mine):
    known = {
        "if nobody changes sides": np.arange(17),
        "if middle joints are left out: each is its own partner": [
            p for i, p in enumerate(mirrored(H36M_17)) if p != i
        ],
    }
    same("partners()", mine.partners(), mirrored(H36M_17), SIZES, known)


def mirror_pictures(mine):
    pictures = rng.random((4, 5, 6))
    known = {
        "if the pictures stand on their heads: axis 2 goes across": pictures[:, ::-1],
        "if the order of the pictures is reversed": pictures[::-1],
        "if pictures are rotated by half a turn": pictures[:, ::-1, ::-1],
    }
    same("mirror_pictures", ask(mine.mirror_pictures, pictures), pictures[:, :, ::-1], {}, known)


def mirror_pixels(mine):
    order = mirrored(H36M_17)
    flipped = PIXELS * [-1, 1] + [127, 0]
    known = {
        "if left and right keep their names": flipped,
        "of width − x: the first pixel, 0, becomes the last, width − 1": flipped[:, order] + [1, 0],
        "of −x: the picture is mirrored in its middle": (PIXELS * [-1, 1])[:, order],
        "if only the names are exchanged": PIXELS[:, order],
        "if y is mirrored": (PIXELS * [1, -1] + [0, 127])[:, order],
    }
    same("mirror_pixels", ask(mine.mirror_pixels, PIXELS, 128), mirror(PIXELS), SIZES, known)
    same(
        "mirror_pixels of a picture 64 px wide",
        mine.mirror_pixels(PIXELS / 2, 64),
        (PIXELS / 2 * [-1, 1] + [63, 0])[:, order],
        SIZES,
        {"with 127 for every width": (PIXELS / 2 * [-1, 1] + [127, 0])[:, order]},
    )


def mirror_space(mine):
    order = mirrored(H36M_17)
    known = {
        "if left and right keep their names": SPACE * [-1, 1, 1],
        "if only the names are exchanged": SPACE[:, order],
        "of 127 − x: about the pelvis it is −x": SPACE[:, order] * [-1, 1, 1] + [127, 0, 0],
        "if z is mirrored": SPACE[:, order] * [1, 1, -1],
        "if y is mirrored": SPACE[:, order] * [1, -1, 1],
    }
    same("mirror_space", ask(mine.mirror_space, SPACE), mirror(SPACE), SIZES, known)


mirror_pixels.needs = mirror_space.needs = (partners,)
PARTS = (partners, mirror_pictures, mirror_pixels, mirror_space)
