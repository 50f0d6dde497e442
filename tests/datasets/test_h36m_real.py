"""Two real frames of Human3.6M through the crop and the 2D transform."""

import json

import numpy as np
import pytest

from minipose.datasets.cameras import Camera
from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.picture_files import read_grey


@pytest.fixture
def frames(shared):
    """(grey picture, 2D joints in px, 3D joints in mm, camera) of each."""
    folder = shared("data", "real", "h36m_mmpose")
    notes = np.load(folder / "annotations.npz")
    table = json.loads((folder / "cameras.json").read_text())
    found = []
    for k, name in enumerate(map(str, notes["imgname"])):
        subject, _, rest = name.rpartition("/")[2].partition("_")
        c = table[f"{subject}/{rest.rpartition('.')[0].rpartition('.')[2].partition('_')[0]}"]
        camera = Camera(  # the sample holds camera-to-world rotations and metres
            np.array(c["R"]).T,
            np.array(c["T"]).ravel() * 1000,
            *(np.array(c[key]).ravel() for key in ("f", "c", "k", "p")),
        )
        flat, space = notes["joints_2d_px"][k, :, :2], notes["joints_3d_cam_m"][k, :, :3] * 1000
        found.append((read_grey(folder / "images" / name), flat, space, camera))
    assert len(found) == 2
    return found


def box_around(points, margin=60):
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def test_frame_sizes_are_the_file_s_own(frames):
    assert [grey.shape for grey, *_ in frames] == [(1002, 1000), (1000, 1000)]


def test_joints_stay_on_the_person(frames):
    """The crop's grey value at a joint is the frame's, averaged over what one crop pixel covers."""
    for grey, flat, _, _ in frames:
        image, crop = crop_person(grey, box_around(flat))
        moved = crop.to_crop(flat)
        assert image.shape == (128, 128) and moved.min() > 0 and moved.max() < 127
        np.testing.assert_allclose(crop.to_frame(moved), flat, atol=1e-9)
        reach = round(0.5 / crop.scale)
        for (u, v), (x, y) in zip(
            moved.round().astype(int), crop.to_frame(moved.round()), strict=True
        ):
            x, y = round(x), round(y)
            patch = grey[y - reach : y + reach + 1, x - reach : x + reach + 1]
            assert abs(patch.mean() - image[v, u]) < 25


def test_projection_and_crop_agree(frames):
    """3D joints, projected and cropped, fall where the annotated 2D joints do: < 0.01 px."""
    for grey, flat, space, camera in frames:
        projected = camera.project(space)
        assert np.abs(projected - flat).max() < 0.01
        assert np.abs(projected - projected.mean(axis=0)).max() > 50
        _, crop = crop_person(grey, box_around(flat))
        assert np.abs(crop.to_crop(projected) - crop.to_crop(flat)).max() < 0.01


def test_a_silhouette_removes_the_room(frames):
    """A rough silhouette from the joints: inside it the crop is the frame, outside black."""
    grey, flat, _, _ = frames[0]
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
    near = [(columns - x) ** 2 + (rows - y) ** 2 < 40**2 for x, y in flat]
    mask = np.any(near, axis=0)
    plain, _ = crop_person(grey, box_of(mask))
    cut, _ = crop_person(grey, box_of(mask), mask)
    assert 0.2 < (cut > 0).mean() < (plain > 0).mean()
    inside, _ = crop_person(255 * mask.astype(np.uint8), box_of(mask))
    # The filter reaches a little further than what rounds to 255, so a grey level may differ.
    np.testing.assert_allclose(cut[inside == 255], plain[inside == 255].astype(int), atol=1)
    assert not cut[inside == 0].any()
