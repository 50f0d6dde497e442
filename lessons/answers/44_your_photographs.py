# %% tags=["hide-cell"]
mirrored_said, _ = predict_image(net, flipped(picture, left_right), mask=flipped(mask, left_right))
change = mpjpe(mirror(mirrored_said[None]), predict_image(net, picture, box, mask)[0][None])
assert change < constant
kit.answer(
    "Mirrored, the mirrored pose should come out: left and right exchanged, x negated. The network,\n"
    f"which saw mirrored pictures in training, does so roughly: the two answers differ by {change:.0f} mm.\n"
    "The size hardly matters, since the crop is scaled to 128 px. Less light may: the network was\n"
    "never shown a darker picture (lesson 25)."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. A background, other light, other cameras, people who do anything but walk.
2. It has only ever said plausible poses.
3. The first line; the others need other pictures.
4. The network has learned what a person looks like who fills the square.
5. Pictures of people who sit, with their poses.
"""
)
