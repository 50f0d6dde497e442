"""Human3.6M's own files, or report 1's preprocessed ones, into the store that minipose reads."""
