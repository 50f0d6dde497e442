"""Where a drawn person stands: places, the things in them, their surfaces and light."""
