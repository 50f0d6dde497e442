# %% tags=["hide-cell"]
errors = joint_errors(said["test"], true["test"]).mean(axis=1)
doubts, gaps = {}, {}
for name in ("camera", "frame"):
    groups = store.labels[name][split["test"]] // (50 if name == "frame" else 1)
    means = [errors[groups == group].mean() for group in np.unique(groups)]
    gaps[name] = max(means) - min(means)
doubt = errors.std() / (len(errors) / 4) ** 0.5
assert gaps["frame"] > gaps["camera"]
kit.answer(f"""
The mean of a quarter of the frames is uncertain by some {doubt:.0f} mm, so cameras, which differ by
{gaps["camera"]:.0f} mm, may be alike. Seconds of the walk differ by {gaps["frame"]:.0f} mm: where somebody
walks and in which direction counts, and frames of one second are no independent samples.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. last.npz to go on; best.npz to predict, the epoch with the lowest validation error.
2. Nearly nothing: it is 3 % better than saying the mean pose of everybody.
3. They are much better than they look: a good part of the error is a common rotation or a wrong
   size.
4. 3 mm by over-fitting to pictures, 16 mm more by a person who was never seen.
5. Report 1 counts all 17 joints; without it the numbers would be larger by a sixteenth.
"""
)
