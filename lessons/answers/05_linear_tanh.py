# %% tags=["hide-cell"]
mirror = np.float32([1, -1])  # in the x axis: shoulder and bend change their signs
answers = networks["with tanh"](mp.Tensor(hands * mirror)).data
wrong = millimetres(answers, elbows * mirror)
# The other place at which both bones would meet: the elbow, reflected in the line to the hand.
along = hands / np.linalg.norm(hands, axis=1, keepdims=True)
other = 2 * (elbows * along).sum(axis=1, keepdims=True) * along - elbows
reflected = millimetres(answers, other * mirror)
assert reflected < wrong
off = {}
for bends in ((0.1, 2.6), (0.1, 0.5), (2.6, 3.0)):
    asked, true = arms(1000, np.random.default_rng(3), bends)
    off[bends] = millimetres(networks["with tanh"](mp.Tensor(asked)).data, true)
assert off[2.6, 3.0] > off[0.1, 2.6]
kit.answer(f"""
Bent the other way, it puts the elbow {wrong:.0f} mm off on average, but only {reflected:.0f} mm from
where it would be if the arm bent the usual way. A network answers with what it has seen, whatever it
is shown. Of bends from 0.1 to 0.5 rad it has seen examples: {off[0.1, 0.5]:.0f} mm (over all that it
has seen, {off[0.1, 2.6]:.0f}). Of bends from 2.6 to 3 rad it has seen none, but some that are near:
{off[2.6, 3.0]:.0f} mm.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. (100, 3), (5, 3), (5,) and (100, 5).
2. The same bias is added in every sample, so it moves L by all of them.
3. A weighted sum of weighted sums is a weighted sum: (X W1ᵀ) W2ᵀ = X (W2 W1)ᵀ.
4. Take examples; compute the error; walk back for the derivatives; move each weight against its
   own.
5. The best answer that does not look at the input. A network that is no better has learned
   nothing from it, however good its number sounds.
"""
)
