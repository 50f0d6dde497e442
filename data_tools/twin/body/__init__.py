"""A drawn person's body: bones and joints, how it moves and stands, what it wears."""
