"""Report 1's job: detect joints in windows, then regress 17 joints in space from one grey crop."""
