"""``python -m tests.bench``: minipose and PyTorch on the same work, in turn. See ``__main__``."""
