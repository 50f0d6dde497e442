"""MediaPipe as a labeller: what its passes become, on a stand-in that sees what is white."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.label import mediapipe_client, with_mediapipe
from data_tools.label.with_mediapipe import LANDMARKS, MediaPipe, mirror, to_joints
from data_tools.people.candidate import Dropped
from minipose.datasets.crop import largest_piece
from minipose.errors import UserError
from minipose.skeletons import BODY_25
from tests.data_tools.label.stand_ins import places


class Eyes:
    """Stands in for the server: sees the white person of a picture, or what a test says."""

    def __init__(self, sees=None):
        self.sees, self.asked, self.closed = sees or self.whole, [], False

    def find(self, image, at_least):
        self.asked.append((image.shape[:2], at_least))
        return self.sees(image)

    def close(self):
        self.closed = True

    @staticmethod
    def whole(image):
        white = (image > 200).all(axis=2)
        if not white.any():
            return None
        y, x = np.nonzero(white)
        spots = np.array(places())
        marks = np.stack([x.min() + spots[:, 0] * np.ptp(x), y.min() + spots[:, 1] * np.ptp(y)], 1)
        return np.column_stack([marks, spots[:, 2]]), white.astype(np.uint8) * np.uint8(255)


def picture(*boxes, size=(100, 120)):
    pixels = np.full((*size, 3), 20, np.uint8)
    for x0, y0, x1, y1 in boxes:
        pixels[y0:y1, x0:x1] = 255
    return pixels


def at(joints, name):
    return joints[BODY_25.index(name)]


def test_landmarks_become_the_joints_of_their_names():
    image = picture((40, 20, 61, 81))
    (found,) = MediaPipe(Eyes()).people("a", image)
    assert (found.mask == (image[..., 0] > 200)).all()
    # Symmetric: left is right of right, and a mirrored look says the same.
    spots = dict(zip(LANDMARKS, places(), strict=True))
    for name in ("nose", "left wrist", "right knee", "left ear", "right big toe", "left heel"):
        across, down, seen = spots[name]
        assert at(found.joints, name) == pytest.approx([40 + 20 * across, 20 + 60 * down, seen])
    for middle, side in (("neck", "shoulder"), ("mid hip", "hip")):
        pair = [at(found.joints, f"{side_} {side}") for side_ in ("left", "right")]
        assert at(found.joints, middle) == pytest.approx(np.mean(pair, axis=0))
    assert not at(found.joints, "left small toe").any()
    assert not at(found.joints, "right small toe").any()


def test_what_is_not_visible_or_outside_the_picture_is_no_joint():
    marks = np.tile([5.0, 5.0, 0.9], (33, 1))
    marks[LANDMARKS.index("nose"), 2] = 0.4
    marks[LANDMARKS.index("left hip"), 0] = -3
    marks[LANDMARKS.index("right ear"), 1] = 20
    joints = to_joints(marks, (20, 10))
    gone = {name for name, joint in zip(BODY_25, joints, strict=True) if not joint.any()}
    assert gone == {
        "nose", "left hip", "right ear", "mid hip", "left small toe", "right small toe",
    }  # fmt: skip


def test_mirroring_turns_over_and_swaps_sides():
    marks = np.column_stack([np.arange(33.0), np.arange(33.0), np.ones(33)])
    turned = mirror(marks, 50)
    left, right = LANDMARKS.index("left wrist"), LANDMARKS.index("right wrist")
    assert turned[left].tolist() == [49 - right, right, 1]
    assert (mirror(turned, 50) == marks).all()


def test_the_person_is_seen_whole_and_close_each_also_mirrored():
    eyes = Eyes()
    MediaPipe(eyes).people("a", picture((40, 20, 61, 81)))
    whole, close = (100, 120), (75, 35)  # the person's 61 × 21 and 6 or 7 px around
    assert [size for size, _ in eyes.asked[:4]] == [whole, whole, close, close]
    assert [least for _, least in eyes.asked[:4]] == [0.5, 0.5, 0.2, 0.2]


def test_small_pieces_of_the_mask_are_dropped():
    image = picture((40, 20, 61, 81), (2, 2, 5, 5))
    (found,) = MediaPipe(Eyes()).people("a", image)
    assert found.mask.sum() == 21 * 61


def test_passes_that_disagree_leave_the_picture_out():
    def moody(image):
        marks, mask = Eyes.whole(image)
        return marks, mask if moody.calls % 2 else np.roll(mask, 15, axis=1)

    def counted(image):
        moody.calls += 1
        return moody(image)

    moody.calls = 0
    with pytest.raises(Dropped, match=r"mask is poor: the passes agree to 0\.\d\d only"):
        MediaPipe(Eyes(counted)).people("a", picture((40, 20, 61, 81), size=(100, 100)))


def test_who_is_small_is_found_in_a_part_of_the_picture():
    def near_sighted(image):
        found = Eyes.whole(image)
        large = found is not None and (found[1] > 0).sum() > 0.05 * found[1].size
        return found if large else None

    image = picture((10, 30, 31, 71), size=(160, 200))
    (found,) = MediaPipe(Eyes(near_sighted)).people("a", image)
    assert found.mask.sum() == 21 * 41
    assert at(found.joints, "nose")[:2] == pytest.approx([20, 30])
    assert MediaPipe(Eyes(near_sighted)).people("a", picture((1, 1, 4, 4), size=(160, 200))) == []


@pytest.mark.parametrize(("height", "people"), [(40, 2), (25, 1)])
def test_another_person_who_is_half_as_tall_counts(height, people):
    def one_by_one(image):  # as MediaPipe does: the most striking person only
        striking = largest_piece((image > 200).all(axis=2))
        return Eyes.whole(np.where(striking[..., None], image, 20))

    image = picture((20, 10, 41, 71), (90, 20, 101, 20 + height))
    found = MediaPipe(Eyes(one_by_one)).people("a", image)
    assert len(found) == people and found[0].mask.sum() == 21 * 61
    assert people == 1 or found[1].mask.sum() == 11 * height


def test_large_pictures_are_reduced_and_their_labels_are_not(monkeypatch):
    monkeypatch.setattr(with_mediapipe, "LARGEST", 60)
    eyes = Eyes()
    image = picture((40, 20, 60, 80))
    (found,) = MediaPipe(eyes).people("a", image)
    assert eyes.asked[0][0] == (50, 60)
    assert (found.mask == (image[..., 0] > 200)).all()
    assert at(found.joints, "nose")[:2] == pytest.approx([49.5, 20.5])


# --- The process -----------------------------------------------------------------------------


def coloured(*colour):
    return np.full((20, 20, 3), colour, np.uint8)


def test_the_server_answers_and_ends(mediapipe):
    labeller = MediaPipe()
    image = picture((40, 20, 61, 81))
    (found,) = labeller.people("a", image)
    assert (found.mask == (image[..., 0] > 200)).all()
    assert at(found.joints, "nose")[:2] == pytest.approx([50, 20])
    process = labeller.server.process
    labeller.close()
    assert process.poll() is not None


def test_a_picture_that_breaks_it_off_is_one_picture(mediapipe):
    labeller = MediaPipe()
    with pytest.raises(UserError, match=r"^mediapipe: broke off: its last words$"):
        labeller.people("a", coloured(0, 0, 255))
    assert len(labeller.people("b", picture((40, 20, 61, 81)))) == 1
    labeller.close()


def test_a_picture_that_takes_for_ever_is_ended(mediapipe, monkeypatch):
    monkeypatch.setattr(mediapipe_client, "ANSWER", 0.2)
    labeller = MediaPipe()
    with pytest.raises(UserError, match=r"^mediapipe: no answer within 0\.2 s$"):
        labeller.people("a", coloured(0, 255, 0))


def test_without_mediapipe_one_line_says_what_to_install(nothing_installed):
    with pytest.raises(UserError, match=r"^mediapipe is not installed: make label-setup, or "):
        MediaPipe()


def test_an_interpreter_that_does_not_have_it_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    broken = tmp_path / "bin/python"
    broken.write_text("#!/bin/sh\necho 'No module named mediapipe' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(mediapipe_client, "find_spec", lambda name: None)
    monkeypatch.setattr(mediapipe_client, "OWN", tmp_path)
    with pytest.raises(UserError, match=r"^mediapipe: broke off: No module named mediapipe$"):
        MediaPipe()
