# %% [markdown]
# # 22 · How far off is a pose?
#
# - **Question.** What do 80 mm of error mean, and what does the number hide?
# - **Read first.** Lesson 17: poses. Lesson 21: the regressor.
# - **Source.** Report 1, section 5, eq. 9. The alignment: Umeyama 1991, eq. 40-42.
# - **Running time.** Under 20 s (the first time: it draws the people).
#
# Report 1 measures the **mean per-joint position error**: move both poses so that their pelvises
# coincide, then take the mean distance of the joints, over joints $N$ and pictures $T$:
#
# $$\text{MPJPE} = \frac1T\frac1N\sum_{t}\sum_{i}
#   \|(J_i - J_\text{root}) - (\hat J_i - \hat J_\text{root})\|$$

# %%
import numpy as np
from scipy.optimize import minimize

import kit
import people
from minipose.datasets.cameras import rotation_from_angles
from minipose.metrics import joint_errors, mpjpe, pa_mpjpe, procrustes
from minipose.plots.poses import draw_pose, prepare_axes
from minipose.skeletons import H36M_17, mirrored

store = people.walkers()
frames = store.split()["test"][::8]
truth = store.read("joints_3d", frames).astype(float)  # (16, 17, 3) mm
rng = np.random.default_rng(0)
noisy = truth + rng.normal(0, 30, truth.shape)

total = 0.0
for true, said in zip(truth, noisy):
    for i in range(17):
        gap = (true[i] - true[0]) - (said[i] - said[0])
        total += (gap[0] ** 2 + gap[1] ** 2 + gap[2] ** 2) ** 0.5
by_loops = total / (len(truth) * 17)
print(f"30 mm of noise on each coordinate: {by_loops:.2f} mm by loops, {mpjpe(noisy, truth):.2f}")
assert np.isclose(by_loops, mpjpe(noisy, truth))
as_given = mpjpe(noisy, truth, root_relative=False)
print(f"without moving the pelvises together: {as_given:.2f} mm")
assert as_given < by_loops  # an error of the pelvis is handed to all other joints

# %% [markdown]
# ## Forgiving rotation, size and place
#
# A pose may be right and only seen from a wrong direction. The **PA-MPJPE** (for Procrustes, who
# made his guests fit the bed) first rotates, scales and shifts each predicted pose $P$ so that it
# comes as close as possible to the true $Q$: it minimises $\sum_i \|s\,P_i R + t - Q_i\|^2$ over
# rotation $R$, scale $s > 0$ and shift $t$. Seven numbers: let a general-purpose minimiser look for
# them.


# %%
def misfit(numbers, P, Q):
    aligned = np.exp(numbers[3]) * P @ rotation_from_angles(*numbers[:3]) + numbers[4:]
    return ((aligned - Q) ** 2).sum()


rotation = rotation_from_angles(0.3, -0.5, 0.2)
P, Q = 0.9 * noisy[0] @ rotation + [50, 0, -20], truth[0]
search = minimize(misfit, np.zeros(7), (P / 1000, Q / 1000), method="BFGS", tol=1e-12)
fitted = procrustes(P[None], Q[None])[0]
print(f"sum of squares, m²: search {search.fun:.9f}, formula {((fitted - Q) ** 2).sum() / 1e6:.9f}")
assert np.isclose(search.fun, ((fitted - Q) ** 2).sum() / 1e6, rtol=1e-6)

# %% [markdown]
# minipose needs no search: Umeyama's formula. **The shift** brings both means together, so centre
# both poses. **The rotation**: expanding the square leaves one term that depends on $R$: the sum of
# $P_i R \cdot Q_i$, to be made large. Every matrix is a rotation (or mirror image), then a stretch
# along the axes, then another rotation: its *singular value decomposition*, here $P^T Q = U S V^T$.
# With it the term becomes a sum of the stretches $S_{kk}$ times cosines, which is largest if all
# cosines are 1: $R = U V^T$. If that is a mirror image, which no body can become, the smallest term
# changes its sign. **The scale**: with the best $R$ the sum is $\sum_k S_{kk}$, and what is left is
# a parabola in $s$,
#
# $$s^2 \sum_i\|P_i\|^2 - 2 s \sum_k S_{kk} + \sum_i\|Q_i\|^2,\qquad
#   \text{lowest at}\quad s = \frac{\sum_k S_{kk}}{\sum_i \|P_i\|^2}$$

# %%
centred_P, centred_Q = P - P.mean(axis=0), Q - Q.mean(axis=0)
U, S, Vt = np.linalg.svd(centred_P.T @ centred_Q)
if np.linalg.det(U @ Vt) < 0:  # a mirror image
    U[:, -1], S[-1] = -U[:, -1], -S[-1]
scale = S.sum() / (centred_P**2).sum()
by_formula = scale * centred_P @ (U @ Vt) + Q.mean(axis=0)
print(f"scale by the search {np.exp(search.x[3]):.6f}, by the formula {scale:.6f}")
assert np.isclose(np.exp(search.x[3]), scale, rtol=1e-4)
assert np.allclose(by_formula, fitted, atol=1e-6)

# %% [markdown]
# ## Know your mistakes
#
# What do the two numbers say about mistakes that we make on purpose?

# %%
angle = np.deg2rad(20)
about_vertical = rotation_from_angles(0, angle, 0)  # y points down, so this is the vertical axis
average = store.read("joints_3d", store.split()["train"]).mean(axis=0)
mistakes = {
    "30 mm noise": noisy,
    "rotated by 20°": truth @ about_vertical.T,
    "10 % too large": 1.1 * truth,
    "flat: no depth": truth * [1, 1, 0],
    "left and right swapped": truth[:, mirrored(H36M_17)],
    "depth inverted": truth * [1, 1, -1],
    "the mean pose": np.broadcast_to(average, truth.shape),
}
table = {name: (mpjpe(p, truth), pa_mpjpe(p, truth)) for name, p in mistakes.items()}
print(f"{'mistake':24} MPJPE   PA-MPJPE, mm")
for name, (plain, aligned) in table.items():
    print(f"{name:24} {plain:5.1f}   {aligned:5.1f}")
assert table["rotated by 20°"][1] < 1e-6 and table["10 % too large"][1] < 1e-6
assert all(aligned < plain for plain, aligned in table.values())
assert table["depth inverted"][1] > 20  # a mirror image is not forgiven

# %% [markdown]
# So read a number beside that of the last line, the constant baseline, which needs no picture: only
# what is well below it was found in the picture. And a few centimetres may be noise everywhere, a
# rotation of the whole body, or a wrong size. The number averages over joints that are not equally
# hard, too. For the mean pose:

# %%
per_joint = joint_errors(mistakes["the mean pose"], truth).mean(axis=0)
for i in np.argsort(per_joint)[[0, 1, 2, -3, -2, -1]]:
    print(f"  {H36M_17[i]:12} {per_joint[i]:6.1f} mm")
assert per_joint[0] == 0  # the pelvis is right by definition, and counted
print(f"mean with the pelvis {per_joint.mean():.1f}, without {per_joint[1:].mean():.1f} mm")

# %%
plot = kit.new_plot(11, 6.6)
for k, (name, poses) in enumerate(mistakes.items()):
    axes = plot.add_subplot(2, 4, k + 1, projection="3d")
    prepare_axes(axes)
    draw_pose(axes, truth[5], kit.canvas.TRUTH, alpha=0.55)
    draw_pose(axes, poses[5], kit.canvas.PREDICTION)
    error = mpjpe(poses[5:6], truth[5:6])
    axes.set_title(f"{name}: {error:.0f} mm", fontsize=10, y=0.98)
kit.save_plot(plot, "22_mpjpe")

# %% [markdown]
# The true pose is blue, the mistake red. (Left and right swapped looks right: the same lines, with
# other names.) Look at poses, not only at numbers: two that are equally far off can be a slight
# lean of the whole body or a leg that is bent backwards.

# %% [markdown]
# ## Change this, predict, run
#
# Rotate all poses about the vertical axis, more and more. How do the two errors grow? When is a
# rotation worse than the mean pose?

# %% tags=["change-this"]
DEGREES = 20  # try 5, 60, 90, 180
with kit.experiment(DEGREES, as_given=20):
    spun = truth @ rotation_from_angles(0, np.deg2rad(DEGREES), 0).T
    plain, aligned = mpjpe(spun, truth), pa_mpjpe(spun, truth)
    print(f"rotated by {DEGREES}°: MPJPE {plain:.1f}, PA-MPJPE {aligned:.1f} mm")
    print(f"the mean pose: {table['the mean pose'][0]:.1f} mm")

# %% [markdown]
# ## Five questions
#
# 1. Over what is the MPJPE a mean?
# 2. Why are both poses moved so that their pelvises coincide?
# 3. Which seven numbers does PA-MPJPE forgive?
# 4. How is the best scale found once the rotation is known?
# 5. Two poses have the same MPJPE. Are they equally good?
#
# The answers: `make lesson N=22 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=22`, `exercises/22_mpjpe.py`.
