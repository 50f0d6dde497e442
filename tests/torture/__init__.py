"""Everything that writes, killed again and again: ``python -m tests.torture --help``."""
