# %% tags=["hide-cell"]
channel = np.zeros(40)
channel[[10, 30]] = 0.55, 0.45
mean = float((channel * np.arange(40)).sum())
assert channel.argmax() == 10 and np.isclose(mean, 19)
kit.answer(
    f"The highest pixel says 10, the mean {mean:.0f}, where no wrist can be. For one clean\n"
    "spot the mean would be the better choice: it is the middle, and not bound to whole pixels."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. The pixel where it is highest.
2. Joints were drawn at the integer part of their coordinates; on average they were half a pixel
   further.
3. Somebody who is twice as large in the picture would otherwise seem twice as badly found.
4. It is the constant baseline: what no picture is needed for.
5. Better for one clean spot: it is the middle, and not bound to whole pixels. Worse for two: it
   lies between them, where nothing is.
"""
)
