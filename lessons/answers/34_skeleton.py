# %% tags=["hide-cell"]
channel = np.zeros(40)
channel[[10, 30]] = 0.55, 0.45
mean = float((channel * np.arange(40)).sum())
assert channel.argmax() == 10 and np.isclose(mean, 19)
kit.answer(
    f"The highest pixel says 10, the mean {mean:.0f}, where no wrist can be. For one clean hill\n"
    "the mean would be the better choice: it is not bound to whole pixels."
)
