# %% tags=["hide-cell"]
noisy = kit.on_one_thread(learn, 0, 100)
assert noisy[0] > 3 * noisy[1]
kit.answer(
    f"With 100 mm: {noisy[0]:.0f} mm against labels and {noisy[1]:.0f} against the truth. The first follows\n"
    "the labels' own error, and says next to nothing about the network; the second grows slowly."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. Errors without a pattern cannot be learned; what is learned is their middle.
2. A shift, or any habit, is learned; what differs from label to label at random is not.
3. Less: it differs from the labels by the outline.
4. How far single runs spread, what a constant reaches, and how far the labels can be trusted.
5. Those that are hidden or unclear are missing: the hard ones.
"""
)
