# %% [markdown]
# # 17 · From a body in a room to joints in a picture
#
# - **Question.** What exactly is a "pose" in Human3.6M, and how does it get into a picture?
# - **Read first.** Nothing new is needed; this chapter begins report 1's job.
# - **Source.** Report 1, section 3 and eq. 1; the camera model is the data set's own.
# - **Running time.** Under 10 s.
#
# Human3.6M is a collection of films of eleven people, seen by four cameras at once, while a second
# system recorded where their joints were in every frame, to a millimetre. A licence keeps the films
# from being copied here, so minipose draws a **synthetic stand-in**: a body that walks, with the
# real people's bone lengths, before four cameras of the same kind. The lessons run on this
# stand-in.
#
# ## 32 joints, of which 17 are used

# %%
import numpy as np

import kit
import people
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.plots.crops import draw_joints
from minipose.plots.poses import draw_pose, prepare_axes
from minipose.skeletons import H36M_17, H36M_17_EDGES, H36M_17_OF_32, H36M_32

poses, plan = people.walk(subject=9, take=1, frames=30)
world = poses.joints  # (30 frames, 32 joints, xyz) mm; z is up, the floor is at z = 0
print("joints", world.shape, " highest point over the floor:", round(world[..., 2].max()), "mm")

apart = np.linalg.norm(world[:, :, None] - world[:, None], axis=-1).mean(axis=0)  # (32, 32) mm
for a in range(32):
    same = np.flatnonzero(apart[a] < 1e-9)
    if len(same) > 1 and a == same[0]:
        print("one and the same place:", ", ".join(H36M_32[b] for b in same))

# %% [markdown]
# Some of the 32 coincide, others are toes and thumbs. Report 1 keeps 17 (eq. 1 counts from 1):

# %%
EQUATION_1 = [1, 2, 3, 4, 7, 8, 9, 13, 14, 15, 16, 18, 19, 20, 26, 27, 28]
chosen = [i - 1 for i in EQUATION_1]
assert tuple(chosen) == H36M_17_OF_32
joints = world[:, chosen]  # (30, 17, 3)
table = []
for i, (name, k) in enumerate(zip(H36M_17, chosen)):
    table.append(f"{i:2} {name:15} {H36M_32[k]:14}")
for row in range(6):
    print("  ".join(table[row::6]).rstrip())

bones = np.stack([joints[:, a] - joints[:, b] for a, b in H36M_17_EDGES])  # (16, 30, 3)
lengths = np.linalg.norm(bones, axis=2)
change = np.ptp(lengths, axis=1).max()
print(f"right thigh {lengths[1].mean():.1f} mm; the largest change of a bone {change:.0e} mm")
assert change < 1e-6  # bones do not stretch: the pose is in the angles

# %% [markdown]
# ## Two changes of point of view
#
# A camera stands at $T$ in the room; the rows of its *rotation matrix* $R$ are its axes, x to the
# right, y down and z away from it. So it sees a point $X$ of the room at $X_c = R\,(X - T)$, in mm.
# Report 1 then subtracts the pelvis from every joint, since one picture cannot tell where in the
# room somebody stands. These 17·3 = 51 numbers, **relative to the pelvis, in the camera's axes**,
# are what the network has to find.
#
# The lens then maps $X_c = (X, Y, Z)$ to a pixel $(u, v)$. Without a lens's flaws, with $x = X/Z$,
# $y = Y/Z$, the focal lengths $f$ and the point $c$ straight ahead in the picture, all in px:
#
# $$u = f_x\,x + c_x,\qquad v = f_y\,y + c_y$$
#
# A real lens bends lines a little. Human3.6M's cameras were measured with $r^2 = x^2 + y^2$ and
#
# $$s = 1 + k_1 r^2 + k_2 r^4 + k_3 r^6 + p_1 y + p_2 x,\qquad
#   u = f_x (x s + p_2 r^2) + c_x,\quad v = f_y (y s + p_1 r^2) + c_y$$
#
# One point at a time, in plain Python:

# %%
frame = 12
image, silhouette, camera = people.photograph(plan, frame)


def to_camera(point):
    R, T = camera.rotation, camera.centre
    moved = [point[k] - T[k] for k in range(3)]
    return [R[i, 0] * moved[0] + R[i, 1] * moved[1] + R[i, 2] * moved[2] for i in range(3)]


def pinhole(X, Y, Z):
    (fx, fy), (cx, cy) = camera.focal, camera.principal
    return fx * X / Z + cx, fy * Y / Z + cy


def project(X, Y, Z):
    (k1, k2, k3), (p1, p2) = camera.radial, camera.tangential
    x, y = X / Z, Y / Z
    r2 = x * x + y * y
    s = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3 + p1 * y + p2 * x
    return pinhole(x * s + p2 * r2, y * s + p1 * r2, 1)


in_camera = [to_camera(p) for p in joints[frame]]
pixels = np.array([project(*p) for p in in_camera])
assert np.allclose(camera.to_camera(joints[frame]), in_camera, atol=1e-9)
assert np.allclose(camera.project(camera.to_camera(joints[frame])), pixels, atol=1e-9)
bent = np.linalg.norm(pixels - [pinhole(*p) for p in in_camera], axis=1)
print(f"{in_camera[0][2] / 1000:.2f} m away; the lens moves joints by up to {bent.max():.2f} px")

# %% [markdown]
# ## What a picture loses
# Dividing by $Z$ loses one number per joint. Every point of a ray ends in one pixel: a person twice
# as large at twice the distance gives the very same picture.

# %%
doubled = 2 * np.array(in_camera)
assert np.allclose(camera.project(doubled), pixels, atol=1e-9)
print(f"pelvis {in_camera[0][2]:.0f} or {doubled[0, 2]:.0f} mm away: {pixels[0].round(1)} px")

# %% [markdown]
# A network can still learn sizes: adults are alike, bones are rigid. It learns what is *likely*.
# (In which direction it errs is not for guessing: lesson 21 measures it.) Four cameras at one
# moment, and the pose for each (a mark: 500 mm):

# %%
plot = kit.new_plot(9.6, 4.9)
for k, name in enumerate(CAMERA_NAMES):
    image, silhouette, camera = people.photograph(plan, frame, name)
    space = camera.to_camera(joints[frame])
    axes = plot.add_subplot(2, 4, k + 1)
    axes.imshow(image)
    draw_joints(axes, camera.project(space), size=8)
    x, y = camera.project(space[0])
    axes.set(xlim=(x - 105, x + 105), ylim=(y + 105, y - 105))
    axes.set_axis_off()
    axes.set_title(f"camera {name}", loc="left")
    below = plot.add_subplot(2, 4, k + 5, projection="3d")
    prepare_axes(below)
    draw_pose(below, space - space[0])
kit.save_plot(plot, "17_human36m")

# %% [markdown]
# ## Change this, predict, run
#
# The person steps aside, or away from the camera, by some millimetres (x is to the right, z away).
# Which of these change: the 51 numbers to be found, the pixels of the joints, the picture that is
# cut out around the person?

# %% tags=["change-this"]
STEP = (500, 0, 0)  # try (0, 0, 500), (0, 0, 3000), (-1500, 0, 0)
with kit.experiment(STEP, as_given=(500, 0, 0)):
    here = np.array(in_camera)
    moved = here + np.array(STEP, float)
    eye = people.photograph(plan, frame)[2]
    old, new = eye.project(here), eye.project(moved)
    print(f"the 51 numbers change by {np.abs((moved - moved[0]) - (here - here[0])).max():.1f} mm")
    print(f"the pelvis moves by {np.linalg.norm(new[0] - old[0]):.1f} px in the picture")
    about = np.abs((new - new[0]) - (old - old[0])).max()
    print(f"joints about the pelvis move by up to {about:.1f} px")
    print(f"from head to foot: {np.ptp(old[:, 1]):.0f} px before, {np.ptp(new[:, 1]):.0f} px now")

# %% [markdown]
# ## Five questions
#
# 1. How many joints has a pose of Human3.6M, and how many does report 1 use?
# 2. What do the rows of a camera's rotation matrix mean?
# 3. Why does report 1 subtract the pelvis?
# 4. What does a picture not tell about a point in space?
# 5. Which two numbers of the pinhole camera, for each axis, turn a direction into a pixel?
#
# The answers: `make lesson N=17 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=17`, `exercises/17_human36m.py`.
