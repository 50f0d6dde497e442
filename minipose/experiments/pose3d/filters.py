"""Temporal filters for poses that were found frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.metrics import repeats

Filter = Callable[[np.ndarray, float], np.ndarray]  # poses (T, ...), s between them -> the same
# Chosen by the errors of validation takes at 50 and at 7 frames a second.
MEDIAN, SAVGOL = 0.3, 0.5  # s that a window spans; at least 3 and 5 frames
CUTOFF, BETA = 1.5, 0.002  # Hz, and Hz for each mm/s: of the one-euro filter
SPEED_CUTOFF = 1.0  # Hz, of the speed in it
ORDER = 2  # of the polynomial


def median(poses: np.ndarray, seconds: float) -> np.ndarray:
    """The median over a window of 0.3 s, of each coordinate: single outliers vanish."""
    from scipy.ndimage import median_filter

    width = odd_window(MEDIAN, seconds, 3, len(poses))
    return median_filter(poses, (width, *[1] * (poses.ndim - 1)), mode="nearest")


def savgol(poses: np.ndarray, seconds: float) -> np.ndarray:
    """The value of the parabola that fits best in a window of 0.5 s (Savitzky and Golay 1964)."""
    from scipy.signal import savgol_filter

    width = odd_window(SAVGOL, seconds, 5, len(poses))
    return savgol_filter(poses, width, ORDER, axis=0) if width > ORDER + 1 else poses.copy()


def one_euro(poses: np.ndarray, seconds: float) -> np.ndarray:
    """x̂ₜ = x̂ₜ₋₁ + α(xₜ − x̂ₜ₋₁), α from a cutoff that rises with the speed: looks back only.

    Source: Casiez, Roussel, Vogel 2012, "1 € filter".
    """

    def weight(cutoff: np.ndarray | float) -> np.ndarray | float:
        return 1 / (1 + 1 / (2 * np.pi * cutoff * seconds))

    smooth = np.array(poses, dtype=np.float64)
    speed = np.zeros(smooth.shape[1:])
    for t in range(1, len(smooth)):
        moved = (poses[t] - smooth[t - 1]) / seconds
        speed = speed + weight(SPEED_CUTOFF) * (moved - speed)
        smooth[t] = smooth[t - 1] + weight(CUTOFF + BETA * np.abs(speed)) * (
            poses[t] - smooth[t - 1]
        )
    return smooth


def through_runs(poses: np.ndarray, seconds: float) -> np.ndarray:
    """A smooth curve through the middles of runs of equal poses; poses that differ stay.

    One picture that stands for several frames gives one pose for all of them. It is that of the
    frame in their middle: what lies between two middles is interpolated (monotone cubic pieces).
    """
    from scipy.interpolate import PchipInterpolator

    begins = np.flatnonzero(~repeats(poses))
    ends = np.append(begins[1:], len(poses))
    if len(begins) in (1, len(poses)):
        return poses.copy()
    middles = (begins + ends - 1) / 2
    curve = PchipInterpolator(middles, poses[begins], axis=0)
    return curve(np.clip(np.arange(len(poses)), middles[0], middles[-1]))


FILTERS: dict[str, Filter] = {
    "median": median,
    "savgol": savgol,
    "one-euro": one_euro,
    "runs": through_runs,
}


WINDOWED = ("median", "savgol", "one-euro")  # those that need no more than a few frames beside one
REACH = {"median": MEDIAN / 2, "savgol": SAVGOL / 2, "one-euro": 0.0}  # s that they look ahead


def odd_window(span: float, seconds: float, least: int, count: int) -> int:
    """An odd number of frames that spans no more seconds, unless it is the least, nor frames."""
    width = max(least, 2 * int(span / seconds / 2 + 1e-9) + 1)
    return max(1, min(width, count - 1 + count % 2))
