"""One frame of a view: its grey values, or why there are none."""

from __future__ import annotations

import numpy as np

from minipose.errors import UserError


class DroppedFrame(UserError):
    """One frame cannot be used; the message is the reason, the same for all frames of its kind."""


# A frame's grey values uint8 (H, W), or why it cannot be used.
Picture = np.ndarray | DroppedFrame
