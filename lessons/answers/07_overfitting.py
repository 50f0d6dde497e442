# %% tags=["hide-cell"]
gaps = {}
for each in (5, 10, 40):
    _, training, validation, test = learn(seed=0, each=each, look=400)[-1]
    gaps[each] = (validation - training, test - validation)
assert gaps[40][0] < gaps[10][0] and gaps[40][1] > 20
lines = [
    f"{each:2} of each: {a:+.0f} mm to validation, {b:+.0f} mm more to new people"
    for each, (a, b) in gaps.items()
]
kit.answer(
    "\n".join(lines)
    + """
The first gap closes: with enough examples the noise cannot be learned by heart. (Below zero, since
validation elbows are measured without noise.) The second stays: more of the same people does not
show what other people are like."""
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. The validation part alone. The training part cannot tell, and the test part must not.
2. Over-fitting: the network learns what is special about its examples, noise included.
3. On other pictures of the same people it is nearly as good as in training. What fails is the
   step to other people.
4. So that the mean of a unit stays what it is without dropout; then nothing has to be changed
   when the network is used.
5. The best of many numbers is too good: it was chosen because it was low. The test part had no
   say in the choice.
"""
)
