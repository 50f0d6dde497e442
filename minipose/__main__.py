"""``python -m minipose``."""

import sys

from minipose.cli import main

sys.exit(main())
