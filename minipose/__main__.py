"""``python -m minipose``, on every rank where ``mpirun`` starts several."""

import sys

from minipose.cli import main
from minipose.training.world import everywhere

sys.exit(everywhere(main))
