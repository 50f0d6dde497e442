"""Stores on disk, the crop that feeds the networks, and calibrated cameras."""
