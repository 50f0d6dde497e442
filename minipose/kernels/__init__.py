"""Arrays in, arrays out: the arithmetic of convolutions, which can be tested without the ops."""
