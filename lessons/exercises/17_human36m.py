# Fill in each "your turn", then: make check N=17
"""From a body in a room to joints in a picture: two changes of point of view."""

import numpy as np


def to_camera(points, rotation, centre):
    """Points of the room (…, 3), as a camera sees them: X_c = R (X − T), in mm.

    rotation R (3, 3), whose rows are the camera's axes; centre T (3,), where it stands.
    """
    # Your turn: the points are rows. What becomes of R then?
    raise NotImplementedError("your turn")


def about_pelvis(joints):
    """The same joints (T, 17, 3) with the pelvis, joint 0, of each pose at the origin."""
    # Your turn.
    raise NotImplementedError("your turn")


def project(points, focal, principal):
    """Pixels (…, 2) of points (…, 3) in the camera's axes: u = fx·X/Z + cx, v = fy·Y/Z + cy.

    focal (fx, fy) and principal (cx, cy) in px; a lens without flaws.
    """
    # Your turn: np.stack([u, v], axis=-1) puts both together.
    raise NotImplementedError("your turn")
