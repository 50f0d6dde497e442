"""Second opinions: libraries that other people wrote, asked the same questions where installed."""
