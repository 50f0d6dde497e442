"""Synthetic stand-ins for the data sets: drawn people in the same files as the real ones."""
