"""The data's own split is kept; random ones leave near duplicates on one side."""

from __future__ import annotations

import numpy as np
import pytest

from minipose.datasets.splits import split_samples


def test_without_groups_and_parts_it_is_one_permutation_cut_in_two():
    order = np.random.default_rng(5).permutation(50)
    parts = split_samples(np.arange(50), [""] * 50, 0.2, 5)
    assert parts.keys() == {"train", "validation"}
    np.testing.assert_array_equal(parts["train"], order[:40])
    np.testing.assert_array_equal(parts["validation"], order[40:])
    parts = split_samples(np.arange(50), [""] * 50, 0.2, 5, limit=20)
    np.testing.assert_array_equal(parts["train"], order[:16])
    np.testing.assert_array_equal(parts["validation"], order[16:20])


@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_on_one_side(seed):
    groups = np.arange(60) // 3 * 3
    parts = split_samples(groups, [""] * 60, 0.25, seed)
    sides = [set(groups[part].tolist()) for part in parts.values()]
    assert not sides[0] & sides[1] and all(sides)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(60))


def test_a_given_split_is_kept_and_the_rest_divided():
    given = ["train", "validation", "test", "", "", "", "", ""]
    for seed in range(6):
        parts = split_samples(np.arange(8), given, 0.2, seed)
        assert 0 in parts["train"] and 1 in parts["validation"] and list(parts["test"]) == [2]
        assert len(parts["train"]) == 5 and len(parts["validation"]) == 2
        # Sample 7 is the same picture as the test's: it is not trained on.
        copies = split_samples(np.array([0, 1, 2, 3, 4, 5, 6, 2]), given, 0.2, seed)
        assert set(copies["test"]) == {2, 7}
