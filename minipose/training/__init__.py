"""The loop, checkpoints and logs. Nothing here knows a network by name."""
