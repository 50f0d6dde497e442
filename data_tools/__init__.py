"""Raw data sets, and synthetic twins of them, made into the stores that minipose trains on."""
