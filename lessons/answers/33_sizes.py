# %% tags=["hide-cell"]
lonely = sum(int(size.prod()) for size in padded)
assert lonely == alike
kit.answer(
    f"One by one nothing but the multiple of 16 is wasted, {lonely / useful:.2f} times; alike is the\n"
    "same for every batch size, since all of a batch have one padded size. As they come, it grows\n"
    "with the batch: the largest of 32 is larger than the largest of 4."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. U-Net halves four times, and each halving must divide by two without remainder.
2. Places of joints then stay what they are: nothing moves.
3. Fewer zeros are computed; but a batch holds pictures of one shape only, and there are more,
   smaller batches.
4. After the first layer the padded part is no longer zero: a kernel there sees the picture's last
   pixels, and a bias is added everywhere. The next convolution sees it.
5. Dice counts pixels that are person, said or true; a mean counts all, also those of the padding.
"""
)
