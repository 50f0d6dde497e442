# %% tags=["hide-cell"]
few = np.min([step(16) for _ in range(5)], axis=0)
many = np.min([step(32) for _ in range(5)], axis=0)
back_grows, adam_grows = many / few
assert adam_grows < back_grows
kit.answer(
    f"From 16 to 32 pictures, backward takes {back_grows:.1f} times as long (small products waste\n"
    f"more), Adam {adam_grows:.1f} times: it goes through the weights and sees no picture."
)
