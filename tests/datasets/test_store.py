"""Writing a store in a ``with`` block: there at its end, or the old one where something fails."""

import pytest

from minipose.datasets.store import StoreWriter
from minipose.storage import partial_path


def written(path, value):
    with StoreWriter(path, "test 1") as writer:
        writer.file["value"] = value
    return path.read_bytes()


def test_the_store_appears_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "new" / "a.h5"
    with StoreWriter(path, "test 1") as writer:
        writer.file["value"] = 1
        assert [p.name for p in path.parent.iterdir()] == [partial_path(path).name]
    assert [p.name for p in path.parent.iterdir()] == ["a.h5"] and not writer.file


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_abandons_it(tmp_path, error):
    before = written(tmp_path / "a.h5", 1)
    with pytest.raises(error), StoreWriter(tmp_path / "a.h5", "test 1") as writer:
        writer.file["value"] = 2
        raise error
    assert (tmp_path / "a.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_what_was_abandoned_in_the_block_is_not_put_in_place(tmp_path):
    with StoreWriter(tmp_path / "a.h5", "test 1") as writer:
        writer.abandon()
    assert list(tmp_path.iterdir()) == []
