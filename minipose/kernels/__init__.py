"""Arrays in, arrays out: the heavy work of the ops, which can be tested and timed without them."""
