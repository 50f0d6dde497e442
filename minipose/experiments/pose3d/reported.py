"""What report 1 says of its own results, to stand beside ours: measured on other data."""

from __future__ import annotations

# Section 5, in mm: MPJPE of the network with kernels [5 10 15] after 100 epochs.
MPJPE_MM = {"train": 36.23, "validation": 40.7, "test": 80.42}
CROSS_ENTROPY = 0.05  # section 5: of the detection per window, in training, after 50 epochs

# Figure 1(a): the number of images of each subject and action.
ACTIONS = ("Walking", "Discussion", "Eating", "Greeting", "TakingPhoto", "WalkingDog")
FRAMES = {
    "S1": (26440, 30628, 20312, 9656, 8440, 13756),
    "S5": (22084, 48100, 22428, 18692, 24428, 16288),
    "S6": (25456, 20540, 16944, 14404, 13788, 14360),
    "S7": (29036, 43540, 27736, 17504, 16128, 21492),
    "S8": (29278, 15980, 22004, 12180, 13264, 13516),
    "S9": (16232, 44716, 21396, 16632, 15180, 17816),
    "S11": (13032, 19528, 17912, 14012, 14140, 10488),
}
