"""How a drawn person and the place are seen: where the camera stands, drawing, the photo."""
