"""The networks of the two reports, one file each."""

from minipose.models.hnet import HNet
from minipose.models.posenet import PoseNet
from minipose.models.unet import UNet
