"""What is drawn: in the right place, in the right colours, and of one size in a video."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from minipose.plots.overlay import LEFT, RIGHT, Drawing, draw_joints, pose_view, tinted, wrapped
from minipose.predict.drawing import movie_frame, sheet, summary
from minipose.predict.movie import movie
from minipose.skeletons import BODY_25, H36M_17
from tests.predict.test_tables import result


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def where(image, colour, tolerance=12):
    """Rows and columns of the pixels of a colour."""
    near = (np.abs(image.astype(int) - rgb(colour)) <= tolerance).all(axis=2)
    assert near.any()
    return np.argwhere(near)


def test_joints_are_drawn_where_they_are_left_green_right_orange():
    places, present = np.zeros((25, 2)), np.zeros(25, bool)
    for name, place in (("left wrist", (30, 20)), ("right knee", (80, 60)), ("nose", (5, 5))):
        places[BODY_25.index(name)] = place
        present[BODY_25.index(name)] = name != "nose"
    drawing = Drawing(Image.new("RGB", (100, 80)))
    draw_joints(drawing, places, present)
    image = drawing.pixels()
    assert image.shape == (80, 100, 3) and not image[:10, :10].any()  # the nose is absent
    np.testing.assert_allclose(where(image, LEFT).mean(axis=0), (20, 30), atol=0.3)
    np.testing.assert_allclose(where(image, RIGHT).mean(axis=0), (60, 80), atol=0.3)


def test_the_mask_tints_and_is_outlined():
    mask = np.zeros((40, 40), np.uint8)
    mask[10:30, 10:30] = 255
    image = np.asarray(tinted(Image.new("RGB", (40, 40), (200, 200, 200)), Image.fromarray(mask)))
    assert image[2, 2].tolist() == [120, 120, 120]
    assert image[20, 20, 0] > image[20, 20, 1] + 20
    assert image[9, 20, 0] == 255 and image[10, 20, 0] < 255  # the line lies outside


def test_a_pose_is_seen_from_the_camera_and_from_the_side():
    """Somebody who faces the camera: their right hand is left in the picture, and points at it."""
    joints = np.zeros((17, 3))
    joints[:, 1] = np.linspace(-700, 700, 17)
    for name, at in (("right wrist", (-500, 0, -300)), ("left wrist", (500, 0, 300))):
        joints[H36M_17.index(name)] = at
    front, side = pose_view(joints, 200, 0), pose_view(joints, 200, 90)
    assert where(front, RIGHT)[:, 1].min() < 60 and where(front, LEFT)[:, 1].max() > 140
    # From the picture's left, the camera is on the right hand side of the view.
    assert where(side, RIGHT)[:, 1].max() > 120 and where(side, LEFT)[:, 1].min() < 80


def test_a_sheet_says_what_was_found():
    one = result()
    page = sheet(one, ["3D pose: trained on nothing"])
    assert page.dtype == np.uint8 and page.shape[2] == 3 and page.shape[1] > 2 * 300
    found = summary(one)
    assert found[0].startswith("24 of 25 joints are in the picture.") and "the 3D pose" in found[0]
    assert summary(result(person=False)) == ["Nobody found."]
    assert sheet(result(person=False)).shape[1] < page.shape[1]  # no pose beside it


def test_a_pose_that_does_not_fit_is_said_in_red():
    one = result()
    for confidence, words in ((0.9, "fits"), (0.6, "fits roughly"), (0.1, "do not rely on it")):
        found = replace(one, fit=replace(one.fit, confidence=confidence))
        assert words in summary(found)[0]
        below = sheet(found)[-30:].astype(int)
        red = (below[..., 0] - below[..., 1] > 60).any()
        assert red == (confidence == 0.1)


def test_frames_of_a_video_have_one_size():
    shapes = {movie_frame(result(person=person), posed=True).shape for person in (True, False)}
    assert len(shapes) == 1


def test_words_are_wrapped():
    lines = wrapped("one two three four five six", 14, 80)
    assert len(lines) > 1 and " ".join(lines) == "one two three four five six"
    assert wrapped("incomprehensibilities", 14, 10) == ["incomprehensibilities"]


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_a_video_appears_whole_or_not_at_all(tmp_path, ending):
    if ending == ".mp4":
        pytest.importorskip("av")
    path = tmp_path / f"v{ending}"
    with pytest.raises(RuntimeError), movie(path, 25.0) as made:
        made.add(np.zeros((31, 45, 3), np.uint8))
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with movie(path, 25.0) as made:
        for shade in (0, 100, 200):
            made.add(np.full((31, 45, 3), shade, np.uint8))
    assert [p.name for p in tmp_path.iterdir()] == [path.name] and path.stat().st_size > 100
