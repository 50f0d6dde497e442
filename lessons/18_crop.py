# %% [markdown]
# # 18 · From a frame to 128 × 128
#
# - **Question.** What does the network get to see, and where are the joints in it?
# - **Read first.** Lesson 17: joints, cameras, pixels.
# - **Source.** Report 1, section 3: crop, grey, background removed, "the subject is placed at the
#   center", 128 × 128, "padding zero-value pixels along the shorter dimension".
# - **Running time.** Under 5 s.
#
# A frame is mostly room. Report 1 keeps the person: it cuts out their box, makes it grey, blackens
# the background with the silhouette that the data set provides, and scales to one size for the
# network.

# %%
import numpy as np
from PIL import Image

import kit
import people
from minipose.datasets.crop import SIDE, box_of, crop_person
from minipose.plots.crops import draw_joints
from minipose.skeletons import H36M_17_OF_32

poses, plan = people.walk(subject=1, take=1, frames=30)
frame = 20
image, silhouette, camera = people.photograph(plan, frame)
grey = (image @ people.GREY).astype(np.uint8)  # a weighted mean of red, green and blue
pixels = camera.project(camera.to_camera(poses.joints[frame]))[list(H36M_17_OF_32)]  # (17, 2)
print(f"frame {image.shape}, {silhouette.mean():.1%} of it is the person")

# %% [markdown]
# ## The box, the square, the black
#
# Going through all pixels tells the smallest box that holds the silhouette. Ends are excluded, as
# in Python's slices.

# %%
height, width = silhouette.shape
where = [(x, y) for y in range(height) for x in range(width) if silhouette[y, x]]
x0, y0 = min(x for x, _ in where), min(y for _, y in where)
x1, y1 = max(x for x, _ in where) + 1, max(y for _, y in where) + 1
assert (x0, y0, x1, y1) == box_of(silhouette)

side = max(x1 - x0, y1 - y0)  # a square, so that nobody gets thinner or fatter
left, top = (side - (x1 - x0)) // 2, (side - (y1 - y0)) // 2
square = np.zeros((side, side), dtype=np.uint8)
for x, y in where:
    square[top + y - y0, left + x - x0] = grey[y, x]
small = np.asarray(Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BILINEAR))

crop, mapping = crop_person(grey, box_of(silhouette), silhouette)
assert np.array_equal(small, crop)
print(f"box {x1 - x0} × {y1 - y0} px, square {side}, scaled by {mapping.scale:.3f}")

# %% [markdown]
# ## The joints go along
#
# If the picture is shifted and scaled, the joints must be too, by the *same* numbers. There is one
# trap. Let a pixel's centre be a whole number: then pixel 0 reaches from −½ to +½, and the picture
# begins at −½, not at 0. Scaling keeps the *border* in place, so the step to the border and back
# belongs in the formula ($x_0$ is the first pixel of the square, $s$ the scale):
#
# $$p' = (p + \tfrac12 - x_0)\,s - \tfrac12$$

# %%
scale, corner = SIDE / side, np.array([x0 - left, y0 - top])
placed = np.zeros((17, 2))
for joint, (x, y) in enumerate(pixels):
    placed[joint, 0] = (x + 0.5 - corner[0]) * scale - 0.5
    placed[joint, 1] = (y + 0.5 - corner[1]) * scale - 0.5
assert np.allclose(placed, mapping.to_crop(pixels), atol=1e-9)
assert np.allclose(mapping.to_frame(placed), pixels, atol=1e-9)  # and back

# %% [markdown]
# How to be sure? Ask the picture. Light one pixel in an otherwise black frame, crop it, and see
# where the light has its centre of mass. Do this for many pixels, with the formula and without its
# halves:

# %%
rng = np.random.default_rng(0)
off = {"with the halves": [], "without": []}
for _ in range(200):
    x, y = rng.integers(x0 + 8, x1 - 8), rng.integers(y0 + 8, y1 - 8)
    dark = np.zeros_like(grey)
    dark[y, x] = 255
    light = crop_person(dark, (x0, y0, x1, y1))[0].astype(float)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    seen = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
    off["with the halves"].append(mapping.to_crop(np.array([x, y])) - seen)
    off["without"].append((np.array([x, y]) - corner) * scale - seen)
for name, errors in off.items():
    mean, largest = np.mean(errors, axis=0), np.abs(errors).max()
    print(f"{name:16} mean error {mean[0]:+.3f}, {mean[1]:+.3f} px, largest {largest:.2f} px")
forgotten = 0.5 - 0.5 * scale  # what the formula says that it costs
print(f"predicted for the scale {scale:.3f}: {forgotten:+.3f} px;", end=" ")
wide = 1000  # px, the real films
print(f"for a film {wide / width:.1f} times as wide: {0.5 - 0.5 * scale * width / wide:+.3f} px")
assert np.abs(np.mean(off["with the halves"], axis=0)).max() < 0.02
assert np.abs(np.mean(off["without"], axis=0) - forgotten).max() < 0.02

# %% [markdown]
# Here the scale is near 1, so little is lost. In the wider pictures of the real films the scale is
# smaller and the loss is larger. Part of a pixel sounds like nothing; but a label that is always
# wrong in the same direction is learned faithfully, and no test that uses the same wrong formula
# notices.

# %%
plot = kit.new_plot(9.6, 2.8)
panels = [
    ("frame", image, pixels),
    ("silhouette and box", np.where(silhouette, 255, 40).astype(np.uint8), None),
    (f"cut out, {side} × {side}", square, None),
    ("what the network sees, 128 × 128", crop, placed),
]
for k, (title, picture, points) in enumerate(panels):
    axes = plot.add_subplot(1, 4, k + 1)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    if points is not None:
        draw_joints(axes, points, size=8)
    if k == 1:
        across, down = [x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0]
        axes.plot(across, down, color=kit.canvas.ACCENT, linewidth=1.8)
    axes.set_axis_off()
    axes.set_title(title, loc="left", fontsize=8)
kit.save_plot(plot, "18_crop")

# %% [markdown]
# ## Change this, predict, run
#
# Somebody fills a square of some number of pixels, which is scaled to 128. If the halves are
# forgotten, how far are the joints off, and do they go left and up, or right and down?

# %% tags=["change-this"]
FILLS = 256  # try 64, 128, 512, 1000
with kit.experiment(FILLS, as_given=256):
    forgotten_here = 0.5 - 0.5 * SIDE / FILLS
    ways = {1: "right and down", -1: "left and up", 0: "nowhere"}
    print(f"a square of {FILLS} px: {forgotten_here:+.3f} px, {ways[np.sign(forgotten_here)]}")

# %% [markdown]
# ## Five questions
#
# 1. Why is the box made a square before it is scaled?
# 2. Where does a picture begin if the centre of its first pixel is 0?
# 3. Which numbers move the joints when a picture is cut out and scaled?
# 4. How can one test a formula for places without another formula?
# 5. An error of 0.3 px is always in the same direction. Why is that worse than a random one?
#
# The answers: `make lesson N=18 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=18`, `exercises/18_crop.py`.
