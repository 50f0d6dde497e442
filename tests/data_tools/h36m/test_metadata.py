"""``metadata.xml``: the rate of the videos, which comes into the store; entities that do harm."""

import pytest

from data_tools.h36m.metadata import read_cameras, read_frame_rate, read_take_numbers
from minipose.datasets.h36m import FRAMES_A_SECOND, H36MStore, H36MWriter
from minipose.errors import UserError
from tests.datasets.test_h36m import rows


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        (None, 50.0),
        ("<metadata/>", 50.0),
        ("<metadata><frame_rate>7.14286</frame_rate></metadata>", 7.14286),
        ("<metadata><frame_rate>fast</frame_rate></metadata>", None),
        ("<metadata><frame_rate>0</frame_rate></metadata>", None),
        ("<metadata><frame_rate>nan</frame_rate></metadata>", None),
    ],
)
def test_the_rate_of_the_videos(text, rate, tmp_path):
    if text is not None:
        (tmp_path / "metadata.xml").write_text(text)
    if rate is None:
        with pytest.raises(ValueError, match=r"metadata\.xml: no frame rate in it"):
            read_frame_rate(tmp_path)
    else:
        assert read_frame_rate(tmp_path) == rate


def test_a_store_keeps_the_rate(tmp_path):
    identities = []
    for name, rate in (("a.h5", FRAMES_A_SECOND), ("b.h5", 12.5)):
        with H36MWriter(tmp_path / name, ["Walking"], rate) as writer:
            writer.append(**rows(3))
        with H36MStore(tmp_path / name) as store:
            assert store.rate == rate
            identities.append(store.identity)
    assert identities[0] == identities[1]  # of the same frames


def test_entities_neither_grow_nor_read_other_files(tmp_path):
    """Some hundred bytes that stand for ten times ten times ... of each other; a file of yours."""
    (tmp_path / "secret").write_text("1 2 3")
    grown = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    for entities in (f'<!ENTITY a0 "lol">{grown}', f'<!ENTITY a9 SYSTEM "{tmp_path}/secret">'):
        (tmp_path / "metadata.xml").write_text(f"<!DOCTYPE x [{entities}]><x><w0>&a9;</w0></x>")
        with pytest.raises(UserError, match=r"metadata\.xml: not readable as XML \("):
            read_cameras(tmp_path)


@pytest.mark.parametrize("number, error", [("²", None), ("9" * 5000, "no table of takes in it")])
def test_a_take_s_number_that_is_none(tmp_path, number, error):
    rows = (("Action", "subaction", "S1"), ("2", number, "Walking"), ("2", "1", "Walking 1"))
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    (tmp_path / "metadata.xml").write_text(f"<metadata><mapping>{cells}</mapping></metadata>")
    if error is None:
        assert read_take_numbers(tmp_path) == {(1, "Walking 1"): 1}
        return
    with pytest.raises(UserError, match=rf"metadata\.xml: {error}"):
        read_take_numbers(tmp_path)
