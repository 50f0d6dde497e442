# %% tags=["hide-cell"]
net = build(recipe, seed=0)
quiet, loud = (pull(net, mask_weight=0.0, joint_weight=w) for w in (1.0, 10.0))
assert np.allclose(10 * quiet, loud, rtol=1e-2, atol=1e-4)
pull(net, joint_weight=0.0)
assert not net.heads["joints"].weight.grad.any()
kit.answer(
    "The joints' pull grows by the weight, its direction and so the cosine stay. Their sum turns\n"
    "from the mask's direction to the joints'. With weight 0 the gradient of the joints' head is\n"
    "exactly 0 at every step, and Adam moves by 0/(0 + eps): it never changes."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. A 1 × 1 convolution for one task, on the last channels that all tasks share.
2. 26 · 6 weights and 26 biases.
3. They are added as well.
4. A step that helps one task hurts the other.
5. More than one run of each, and how far single runs spread.
"""
)
