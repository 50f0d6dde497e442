# %% tags=["hide-cell"]
here = np.array(in_camera)
aside = here + [500, 0, 0]
camera = people.photograph(plan, frame)[2]
old, new = camera.project(here), camera.project(aside)
assert np.allclose(aside - aside[0], here - here[0]) and not np.allclose(old, new)
step = np.linalg.norm(new[0] - old[0])
shape = np.abs((new - new[0]) - (old - old[0])).max()
kit.answer(
    f"The 51 numbers stay. The pixels move, by {step:.0f} px at the pelvis, and not as a block:\n"
    f"relative to it joints shift by up to {shape:.1f} px, since the camera sees the body from\n"
    "another side. So the picture that is cut out changes although its label does not."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. 32, of which some coincide; 17 are used.
2. Its axes in the room: to the right, down, and away from it.
3. One picture cannot tell where in the room somebody stands; what is left is the pose.
4. How far away it is: all points of a ray fall on one pixel.
5. The focal length and where the point straight ahead lies, both in px.
"""
)
