# %% tags=["hide-cell"]
few = np.min([kit.on_one_thread(step, 16) for _ in range(5)], axis=0)
many = np.min([kit.on_one_thread(step, 32) for _ in range(5)], axis=0)
back_grows, adam_grows = many / few
assert adam_grows < back_grows
kit.answer(
    f"From 16 to 32 pictures, backward takes {back_grows:.1f} times as long,\n"
    f"Adam {adam_grows:.1f} times: it goes through the weights and sees no picture."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. It is measured.
2. Products in the convolutions, weights in the fully connected layers.
3. It goes through the weights and sees no picture.
4. It asks its operand for its library and calls that library's functions.
5. The processor has to wait until the card has finished all that was ordered before.
"""
)
