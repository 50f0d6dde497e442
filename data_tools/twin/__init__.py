"""Synthetic twins: drawn people in the very files that the real data sets come in."""
