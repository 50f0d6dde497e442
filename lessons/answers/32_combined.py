# %% tags=["hide-cell"]
net = build(recipe, seed=0)
pull(net, joint_weight=0.0)
assert not net.heads["joints"].weight.grad.any()
kit.answer(
    "Their gradient is exactly 0 at every step, and Adam moves by 0/(0 + eps): they never change."
)
