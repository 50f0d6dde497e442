"""The networks of the two reports, one file each."""

from minipose.models.posenet import PoseNet

__all__ = ["PoseNet"]
