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
    "minipose's pads with zeros, right and below, to 112 × 80 and cuts the answer back to 100 × 70."
)
