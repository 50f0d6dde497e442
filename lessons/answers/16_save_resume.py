# %% tags=["hide-cell"]
for after in (0, 2, 5):
    net, optimizer = begin()
    train("part", net, optimizer, range(after))
    checkpoint.save(folder / "other.npz", net, optimizer, {"epoch": after})
    net = Arm(np.random.default_rng(after))
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    epoch = checkpoint.load(folder / "other.npz", net, optimizer)["epoch"]
    assert np.array_equal(train("rest", net, optimizer, range(epoch, EPOCHS)), whole)
kit.answer("""
After any, even before the first: all that counts is in the file. The random weights of the new
network are overwritten, every one of them, or loading would have refused.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. By the way that leads to it in the tree of modules: first.weight.
2. What half fits is another network; loading what happens to fit mixes trained and random
   weights, and nothing crashes.
3. The weights, the optimizer's state, where it stands, and the random numbers to come.
4. They follow from seed, epoch and step, so they can be made again.
5. If the machine stops while writing, the old file is still whole; the rename comes when the new
   one is complete.
"""
)
