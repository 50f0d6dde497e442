# %% tags=["hide-cell"]
errors = {fill: 0.5 - 0.5 * SIDE / fill for fill in (64, 128, 512)}
assert errors[64] < 0 < errors[512] and errors[128] == 0
lines = [f"{fill:3} px: forgotten halves put joints {e:+.3f} px off" for fill, e in errors.items()]
kit.answer(
    "\n".join(lines)
    + "\nA picture that shrinks moves them right and down (+), one that is enlarged left\n"
    "and up (−). Shrinking costs at most half a pixel; enlarging has no such limit."
)
