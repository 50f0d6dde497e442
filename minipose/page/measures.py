"""The numbers of a run that matter, beside the constant baseline and the report's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minipose.experiments.people.tables import JOINT_ROWS, MEASURES, PARTS, REPORT
from minipose.experiments.pose3d.reported import MPJPE_MM
from minipose.page.runs import RunFolder

HIGHER_IS_BETTER = ("dice", "dice_of_mask", "within_5_px", "pck_half_head")
# Column of the log -> what a constant answer reaches there, as report.json calls it.
CONSTANT = {
    "dice": "dice_of_mean_mask",
    "dice_of_mask": "dice_of_mean_mask",
    "mse": "mse_of_zero",
    "cross_entropy": "cross_entropy_of_frequencies",
    "joint_error_px": "mean_places_joint_error_px",
    "joint_error_median_px": "mean_places_joint_error_median_px",
    "within_5_px": "mean_places_within_5_px",
    "pck_half_head": "mean_places_pck_half_head",
}


@dataclass(frozen=True)
class Measure:
    """One number of a run.

    Attributes
    ----------
    key : as ``report.json`` calls it
    part : "training", "validation", "test" or "all"
    constant : what a constant answer reaches on the same part, if that was measured
    report : what the report that the job comes from gives, if it does
    """

    key: str
    label: str
    part: str
    value: float
    constant: float | None = None
    report: float | None = None

    @property
    def source(self) -> str:
        """Which report the job comes from."""
        return "report 1" if self.key.endswith("mpjpe_mm") else "report 2"

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value is a better one."""
        return self.key in HIGHER_IS_BETTER

    @property
    def beaten(self) -> bool:
        """Whether a constant answer does at least as well."""
        if self.constant is None:
            return False
        sign = 1 if self.higher_is_better else -1
        return sign * self.constant >= sign * self.value


def measures_of(run: RunFolder) -> list[Measure]:
    """The measures of ``report.json``, the most telling first; [] where there are none."""
    splits = {name: split for name, split in _table(run.report, "splits").items() if split}
    splits = {name: split for name, split in splits.items() if isinstance(split, dict)}
    if any("mpjpe_mm" in split for split in splits.values()):
        return _pose3d(splits)
    return _people(run.report, splits)


def _pose3d(splits: Mapping[str, Mapping[str, Any]]) -> list[Measure]:
    found = []
    for key, label in (("mpjpe_mm", "MPJPE, mm"), ("pa_mpjpe_mm", "PA-MPJPE, mm")):
        for name, split in reversed(list(splits.items())):
            if number(split.get(key)) is None:
                continue
            own = key == "mpjpe_mm"
            constant = number(split.get("mean_pose_mpjpe_mm")) if own else None
            report = MPJPE_MM.get(name) if own else None
            found.append(Measure(key, label, _part(name), float(split[key]), constant, report))
    return found


def _people(report: Mapping[str, Any], splits: Mapping[str, Mapping[str, Any]]) -> list[Measure]:
    network = "hnet" if report.get("network") == "hnet" else str(report.get("model"))
    theirs = REPORT.get(network, {})
    constant = _table(report, "baselines")
    last = list(splits)[-1] if splits else None
    found = []
    labels = {"dice": "dice", "dice_of_mask": "dice of the mask", **JOINT_ROWS, **MEASURES}
    for key, label in labels.items():
        for name in reversed(list(splits)):
            value = number(splits[name].get(key))
            if value is None:
                continue
            beside = number(constant.get(CONSTANT.get(key, ""))) if name == last else None
            pair = theirs.get(key)
            reported = pair[0 if name == "train" else 1] if pair and name != "all" else None
            found.append(Measure(key, label, _part(name), value, beside, reported))
    return found


def constant_of(run: RunFolder, column: str) -> float | None:
    """What a constant answer reaches in a column of the log, for its line among the curves."""
    if column == "mpjpe_mm":
        split = _table(_table(run.report, "splits"), "validation")
        return number(split.get("mean_pose_mpjpe_mm"))
    return number(_table(run.report, "baselines").get(CONSTANT.get(column, "")))


def in_a_sentence(measure: Measure) -> str:
    """ "dice 0.9266 (validation; constant baseline 0.4596, report 2: 0.922)"."""
    label, _, unit = measure.label.partition(", ")
    beside = []
    if measure.constant is not None:
        beside.append(f"constant baseline {shown(measure.constant)}")
    if measure.report is not None:
        beside.append(f"{measure.source}: {shown(measure.report)}")
    behind = f"; {', '.join(beside)}" if beside else ""
    value = f"{shown(measure.value)} {unit}".strip()
    return f"{label} {value} ({measure.part}{behind})"


def shown(value: Any) -> str:
    """Four digits, or a dash where there is nothing; texts and lists as they are."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(shown, value)) if isinstance(value, list) else str(value)


def number(value: Any) -> float | None:
    """The value, if it is a finite number: a file may hold anything."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > 1e300:
        return None
    return float(value) if math.isfinite(value) else None


def _table(report: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = report.get(key)
    return found if isinstance(found, dict) else {}


def _part(name: str) -> str:
    return PARTS.get(name, name)
