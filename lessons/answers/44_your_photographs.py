# %% tags=["hide-cell"]
mirrored, _ = predict_image(net, flipped(picture, left_right), mask=flipped(mask, left_right))
change = mpjpe(mirror(mirrored[None]), predict_image(net, picture, box, mask)[0][None])
assert change < constant
kit.answer(
    "The mirrored pose: left and right exchanged, x negated. The network, which saw mirrored\n"
    f"pictures in training, does so roughly: the two answers differ by {change:.0f} mm."
)
