# %% tags=["hide-cell"]
errors = {fill: 0.5 - 0.5 * SIDE / fill for fill in (64, 128, 512)}
assert errors[64] < 0 < errors[512] and errors[128] == 0
lines = [f"{fill:3} px: forgotten halves put joints {e:+.3f} px off" for fill, e in errors.items()]
kit.answer(
    "\n".join(lines)
    + "\nA picture that shrinks moves them right and down (+), one that is enlarged left\n"
    "and up (−). Shrinking costs at most half a pixel; enlarging has no such limit."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. So that nobody becomes thinner or fatter.
2. At -1/2: the pixel reaches from -1/2 to 1/2.
3. The same that move the picture: the corner of the square and the scale.
4. Light one pixel, do what the program does, and see where the light has gone.
5. It is learned faithfully, and a test with the same formula does not notice; random errors
   average out.
"""
)
