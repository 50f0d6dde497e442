# %% tags=["hide-cell"]
fewer = total - shared
assert shared < 0.01 * total
kit.answer(
    f"Frozen, {fewer:,} of {total:,} weights are learned, all but {shared / total:.2%}, and yet the\n"
    "convolutions do most of the arithmetic: each of their weights is used at many places\n"
    "(lesson 43 counts). Which is best, one run cannot tell; lesson 23 has three of each, and its\n"
    "verdict is printed there."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. An output may be any number of millimetres; nothing is chosen.
2. The squared one pulls in proportion to the error, so far joints outweigh all others; the
   distance pulls with 1, however far it is.
3. The convolutions: edges and limbs serve both. The outputs of the fully connected layers mean
   something else.
4. The mean of all training poses, for every picture.
5. People stand: a head is up and feet are down in every picture, so there is less to be found
   out.
"""
)
