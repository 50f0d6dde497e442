# %% tags=["hide-cell"]
def respond(image):
    return ops.conv2d(mp.Tensor(image[None, None].copy()), mp.Tensor(kernels)).data[0]


before = edges.data[0]
moved, rotated = respond(picture[:, :-1]), respond(np.rot90(picture))
assert np.allclose(moved, before[:, :, :-1])
assert np.allclose(rotated[0], np.rot90(before[1]))
own = np.abs(rotated[0] - np.rot90(before[0])).max()
kit.answer(f"""
Moved: the channel moves along and is otherwise the same, so what was learned in one place holds
in all. Rotated: it does not rotate along (it is off by up to {own:.2f}); the rotated `changes
downwards` comes out instead. A kernel knows no rotation: lessons 37 to 39 build some that do.""")
