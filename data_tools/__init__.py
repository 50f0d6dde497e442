"""Raw data sets, or synthetic stand-ins, made into the stores that minipose trains on."""
