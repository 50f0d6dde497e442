"""Human3.6M's camera model: round trips, and the real data set's own numbers."""

import json

import numpy as np
import pytest

from data_tools.twin.camera.placement import cameras_for
from minipose.datasets.cameras import (
    CAMERA_NAMES,
    Camera,
    angles_from_rotation,
    pack_cameras,
    rotation_from_angles,
    unpack_cameras,
)

rng = np.random.default_rng(0)


def test_rotation_is_built_as_rx_ry_rz():
    quarter = np.pi / 2
    np.testing.assert_allclose(
        rotation_from_angles(quarter, 0, 0) @ [0, 1, 0], [0, 0, 1], atol=1e-15
    )
    np.testing.assert_allclose(
        rotation_from_angles(0, quarter, 0) @ [0, 0, 1], [1, 0, 0], atol=1e-15
    )
    np.testing.assert_allclose(
        rotation_from_angles(0, 0, quarter) @ [1, 0, 0], [0, 1, 0], atol=1e-15
    )
    angles = rng.uniform(-1, 1, 3)
    np.testing.assert_allclose(angles_from_rotation(rotation_from_angles(*angles)), angles)


def test_world_and_camera_are_inverse():
    camera = cameras_for(1)["54138969"]
    points = rng.uniform(-1000, 1000, (5, 3))
    np.testing.assert_allclose(camera.to_world(camera.to_camera(points)), points, atol=1e-9)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)


def test_rays_are_the_inverse_of_projection():
    camera = cameras_for(5)["58860488"]
    pixels = rng.uniform(20, 380, (50, 2))
    np.testing.assert_allclose(camera.project(3000 * camera.rays(pixels)), pixels, atol=1e-6)


def test_packing_keeps_every_number():
    cameras = {(s, n): c for s in (1, 7, 11) for n, c in cameras_for(s).items()}
    # The file has one set of intrinsics per camera, whoever is filmed.
    unpacked = unpack_cameras(pack_cameras(cameras))
    points = np.array([[100.0, -200.0, 900.0]])
    for key, camera in cameras.items():
        expected = camera.project(camera.to_camera(points))
        other = unpacked[key]
        np.testing.assert_allclose(other.project(other.to_camera(points)), expected, atol=1e-6)


def test_a_wrong_table_is_refused():
    with pytest.raises(ValueError, match="expected 300 finite numbers"):
        unpack_cameras(np.zeros(299))


def test_real_poses_project_onto_their_real_keypoints(shared):
    """Two frames of Human3.6M: 3D in the camera, calibrated camera, 2D annotation: < 0.01 px."""
    folder = shared("data", "real", "h36m_mmpose")
    notes = np.load(folder / "annotations.npz")
    table = json.loads((folder / "cameras.json").read_text())
    for name, flat, space in zip(
        notes["imgname"], notes["joints_2d_px"], notes["joints_3d_cam_m"], strict=True
    ):
        stem = str(name).rsplit("/", 1)[-1]
        subject, camera_name = stem.split("_")[0], stem.rsplit(".", 2)[-2].split("_")[0]
        assert camera_name in CAMERA_NAMES
        c = table[f"{subject}/{camera_name}"]
        camera = Camera(
            np.array(c["R"]).T,
            np.array(c["T"]).ravel() * 1000,
            np.array(c["f"]).ravel(),
            np.array(c["c"]).ravel(),
            np.array(c["k"]).ravel(),
            np.array(c["p"]).ravel(),
        )
        error = np.abs(camera.project(space[:, :3] * 1000) - flat[:, :2]).max()
        assert error < 0.01
