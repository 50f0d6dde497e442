"""Build report 2's data set: pictures of one person with BODY_25 joints and a mask."""
