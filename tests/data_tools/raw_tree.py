"""Tiny Human3.6M folders for tests, written field by field and independent of data_tools.twin.

A "person" is a bright rectangle, so the crop can be worked out by hand: ``box(i)`` is 10 px wide
and 30 px high and moves right by one px a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from minipose.datasets.cameras import CAMERA_NAMES, Camera, rotation_from_angles

WIDTH, HEIGHT, PERSON, FLOOR = 60, 66, 200, 90
CAMERA = CAMERA_NAMES[0]


def box(i: int) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the person in frame i; after 30 frames it starts again."""
    return 12 + i % 30, 15, 22 + i % 30, 45


def camera_of(subject: int, name: str) -> Camera:
    """A made-up camera that sees the points of ``world_poses``."""
    turn = 0.1 * subject + CAMERA_NAMES.index(name)
    return Camera(
        rotation_from_angles(1.6, 0.05, turn),
        -rotation_from_angles(1.6, 0.05, turn).T @ [0.0, 0.0, 4000.0],
        np.array([55.0, 55.0]),
        np.array([30.0, 33.0]),
        np.array([-0.2, 0.24, -0.002]),
        np.array([-0.0009, -0.0016]),
    )


def world_poses(frames: int, seed: int = 0) -> np.ndarray:
    """(T, 32, 3), mm: points within a metre of the origin."""
    return np.random.default_rng(seed).uniform(-400, 400, (frames, 32, 3))


def write_cdf(
    path: Path,
    joints: np.ndarray,
    single: bool = False,
    bare: bool = False,
    whole: int = 0,
    blocks: int = 0,
) -> None:
    """Joints (T, 32, D) as the variable ``Pose``; ``bare`` without the leading 1.

    ``whole`` and ``blocks`` (1-9) deflate the file as a whole, or its blocks of values.
    """
    from cdflib.cdfwrite import CDF

    values = joints.reshape(1, len(joints), -1)
    values = values.astype(np.float32) if single else values
    values = values[0] if bare else values
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    cdf = CDF(path, cdf_spec={"Encoding": 6, "Majority": "row_major", "Compressed": whole})
    variable = {
        "Variable": "Pose",
        "Data_Type": CDF.CDF_FLOAT if single else CDF.CDF_DOUBLE,
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": list(values.shape[1:]),
        "Var_Type": "zVariable",
        "Compress": blocks,
        **({"Block_Factor": 400} if blocks else {}),
    }
    cdf.write_var(variable, var_data=values)
    cdf.close()


def write_masks(path: Path, masks: Sequence[np.ndarray | None]) -> None:
    """Masks (H, W) or (C, W, H) each; None is MATLAB's empty array, which stores its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        cell = file.create_dataset("Masks", (len(masks), 1), dtype=h5py.ref_dtype)
        for i, mask in enumerate(masks):
            if mask is None:
                data = file.create_dataset(f"#refs#/m{i}", data=np.zeros(2, dtype=np.uint64))
                data.attrs["MATLAB_empty"] = np.uint8(1)
            else:
                stored = mask.T if mask.ndim == 2 else mask
                data = file.create_dataset(f"#refs#/m{i}", data=stored.astype(np.uint8))
            cell[i, 0] = data.ref


def filled(i: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """The person's rectangle in a full frame: its box, and here its silhouette as well."""
    x0, y0, x1, y1 = box(i)
    mask = np.zeros((height, width), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


def frame(i: int) -> np.ndarray:
    """uint8 (H, W, 3): the person before a grey room."""
    picture = np.where(filled(i), PERSON, FLOOR).astype(np.uint8)
    return np.repeat(picture[..., None], 3, axis=2)


def write_view(
    root: Path,
    subject: int = 1,
    take: str = "Walking 1",
    camera: str = CAMERA,
    frames: int = 6,
    poses: int | None = None,
    re_rooted: bool = False,
) -> None:
    """All files of one view in the official layout, or as they are called when re-rooted."""
    base, view = root / f"S{subject}", f"{take}.{camera}"
    world = world_poses(poses or frames, subject)
    of_camera = camera_of(subject, camera)
    space = of_camera.to_camera(world)
    parent = base if re_rooted else base / "MyPoseFeatures"
    prefix = "Poses_" if re_rooted else ""
    write_cdf(parent / f"{prefix}D2_Positions/{view}.cdf", of_camera.project(space))
    write_cdf(parent / f"{prefix}D3_Positions_mono/{view}.cdf", space)
    write_cdf(parent / f"{prefix}D3_Positions/{take}.cdf", world)
    masks = [filled(i) for i in range(frames)]
    for kind in ("bs", "bb"):
        name = f"Segments_mat_gt_{kind}" if re_rooted else f"MySegmentsMat/ground_truth_{kind}"
        write_masks(base / name / f"{view}.mat", masks)
    folder = base / "Images" / view
    folder.mkdir(parents=True)
    for i in range(frames):
        Image.fromarray(frame(i)).save(folder / f"{view}_{i + 1:06d}.png")


def write_video(path: Path, pictures: Sequence[np.ndarray]) -> None:
    """An .mp4 at 50 frames a second."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=50)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 8_000_000
        for picture in pictures:
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(shown))
        container.mux(stream.encode())


def write_metadata(root: Path, subjects: Sequence[int], takes: Sequence[Sequence[str]]) -> None:
    """``metadata.xml`` with two takes' names for each subject, and the cameras."""
    from minipose.datasets.cameras import pack_cameras

    cameras = {(s, name): camera_of(s, name) for s in subjects for name in CAMERA_NAMES}
    numbers = " ".join(repr(float(v)) for v in pack_cameras(cameras))
    cells = "".join(f"<td>S{s}</td>" for s in subjects)
    rows = f"<tr><td>Action</td><td>subaction</td>{cells}</tr>"
    for number in (1, 2):
        cells = "".join(f"<td>{names[number - 1]}</td>" for names in takes)
        rows += f"<tr><td>14</td><td>{number}</td>{cells}</tr>"
    root.mkdir(parents=True, exist_ok=True)
    text = f"<metadata><mapping>{rows}</mapping><w0>[{numbers}]</w0></metadata>"
    (root / "metadata.xml").write_text(text)
