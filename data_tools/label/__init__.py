"""Joints and masks for photographs that have none, by a labeller that somebody else trained."""
