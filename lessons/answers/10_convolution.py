# %% tags=["hide-cell"]
def respond(image):
    return ops.conv2d(mp.Tensor(image[None, None].copy()), mp.Tensor(kernels)).data[0]


before = edges.data[0]
moved, rotated = respond(np.roll(picture, 1, axis=1)), respond(np.rot90(picture))
assert np.allclose(moved[:, :, 1:], before[:, :, :-1]) and not np.allclose(moved, before)
assert np.allclose(rotated[0], np.rot90(before[1]))
own = np.abs(rotated[0] - np.rot90(before[0])).max()
kit.answer(f"""
Shifted: the channel moves along and is otherwise the same, so what was learned in one place holds
in all. Rotated: it does not rotate along (it is off by up to {own:.2f}); the rotated `changes
downwards` comes out instead. A kernel knows no rotation: lessons 37 to 39 build some that do.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. 5·5·3·8 = 600 weights and 8 biases.
2. 124 × 124: the kernel fits in 128 - 5 + 1 places.
3. What each output pixel sees, into a column of its own; a pixel in the middle is copied k·k
   times.
4. A pixel that was copied into many columns gets the sum of what arrives at its copies.
5. It has few weights, and what it learns at one place holds at all others.
"""
)
