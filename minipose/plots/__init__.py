"""Pictures of data, training and predictions, with matplotlib's file back end (no window opens)."""
