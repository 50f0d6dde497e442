"""What is written for other programs: it means the same there, and comes back to the same bits."""
