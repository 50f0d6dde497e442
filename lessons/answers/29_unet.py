# %% tags=["hide-cell"]
odd = mp.Tensor(np.random.default_rng(3).random((1, 3, 100, 70), np.float32))
try:
    unet(odd, net)
    failed = ""
except ValueError as error:
    failed = str(error)
assert net(odd)["mask"].shape == (1, 2, 100, 70) and failed
kit.answer(
    "Ours fails where the first pair of sizes disagrees:\n"
    f"{failed}\n"
    "minipose's pads with zeros, right and below, to 112 × 80 and cuts the answer back to 100 × 70.\n"
    "15 × 15 cannot be halved four times at all: ours stops at a single pixel."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. They give a fixed list of numbers for a picture of one size; a mask needs an answer for each
   pixel of any picture.
2. Details that the halvings throw away, from each level of the way down to the same level of the
   way up.
3. Four times: 12 × 8.
4. It mixes the channels of each pixel to the scores that are asked for.
5. By the gradient of that pixel with respect to the picture: there it is not zero.
"""
)
