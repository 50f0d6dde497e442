"""A person in a video is looked for where they were, and found again where they are lost."""

import numpy as np

from minipose.predict import tracking
from minipose.predict.person import Result, with_room
from minipose.predict.tracking import Tracker

SIZE = (200, 300)


def frames(places):
    """Frames with a bright person of 20 × 60 px at these places (x, y), or with nobody."""
    made = []
    for place in places:
        image = np.zeros((*SIZE, 3), np.uint8)
        if place is not None:
            x, y = place
            image[max(y, 0) : y + 60, max(x, 0) : x + 20] = 255
        made.append(image)
    return made


class Looks:
    """In place of ``predict_pictures``: finds what is bright in the box, and notes where."""

    def __init__(self, monkeypatch):
        self.boxes = []
        monkeypatch.setattr(tracking, "predict_pictures", self)

    def __call__(self, networks, pictures, views, threshold, mirror_too):
        self.boxes.append(views)
        return [self.look(*each) for each in zip(pictures, views, strict=True)]

    def look(self, picture, box):
        x0, y0, x1, y1 = box or (0, 0, SIZE[1], SIZE[0])
        mask = np.zeros(SIZE, bool)
        mask[y0:y1, x0:x1] = picture[y0:y1, x0:x1, 0] > 0
        y, x = np.nonzero(mask)
        if not len(x):
            return Result(picture, False, (x0, y0, x1, y1), mask * 1.0, mask)
        around = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
        return Result(picture, True, around, mask * 1.0, mask)


def found(results):
    return [result.box[:2] if result.person else None for result in results]


def test_the_next_frames_are_looked_at_around_the_last_person(monkeypatch):
    looks, track = Looks(monkeypatch), Tracker(None, 0.5)
    assert found(track(frames([(100, 50), (103, 50)]))) == [(100, 50), (103, 50)]
    assert found(track(frames([(106, 50), (109, 50)]))) == [(106, 50), (109, 50)]
    box = with_room((103, 50, 123, 110), SIZE)
    assert looks.boxes == [[None, None], [box, box]]


def test_who_leaves_the_box_is_looked_for_everywhere(monkeypatch):
    looks, track = Looks(monkeypatch), Tracker(None, 0.5)
    track(frames([(100, 50)]))
    places = [(102, 50), (140, 50), (250, 100), None]  # near, over the border, far away, gone
    assert found(track(frames(places))) == places
    assert [len(boxes) for boxes in looks.boxes] == [1, 4, 3]
    assert looks.boxes[2] == [None] * 3 and track.box is None


def test_the_pictures_own_border_is_no_reason_to_look_again(monkeypatch):
    looks, track = Looks(monkeypatch), Tracker(None, 0.5)
    track(frames([(0, -20)]))
    assert track.box[:2] == (0, 0)
    track(frames([(-5, -20)]))
    assert [len(boxes) for boxes in looks.boxes] == [1, 1]


def test_a_frame_of_another_size_is_looked_at_whole(monkeypatch):
    looks, track = Looks(monkeypatch), Tracker(None, 0.5)
    track(frames([(260, 120)]))
    monkeypatch.setattr("tests.predict.test_tracking.SIZE", (100, 100))
    track(frames([(10, 10)]))
    assert looks.boxes[1] == [None]
