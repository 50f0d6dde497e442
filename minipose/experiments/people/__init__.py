"""Report 2's job: the mask of a person and, in the combined models, the places of 25 joints."""
