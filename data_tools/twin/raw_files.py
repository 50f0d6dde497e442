"""Files as Human3.6M has them: CDF poses, MATLAB silhouettes, metadata.xml."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from data_tools.h36m.tree import ACTIONS
from data_tools.twin.body.gait import FPS
from data_tools.twin.camera.placement import cameras_for
from data_tools.twin.takes import SUBJECTS, WALKING, take_name, takes_of
from minipose.datasets.cameras import CAMERA_NAMES, pack_cameras
from minipose.datasets.hdf5_file import created
from minipose.storage import atomic, write_text


def write_cdf(path: Path, joints: np.ndarray) -> None:
    """One variable ``Pose`` that reads back as (1, T, 96) or (1, T, 64), joint after joint."""
    from cdflib.cdfwrite import CDF

    values = joints.reshape(1, len(joints), -1)
    path.parent.mkdir(parents=True, exist_ok=True)
    variable = {
        "Variable": "Pose",
        "Data_Type": CDF.CDF_DOUBLE,
        "Num_Elements": 1,
        "Rec_Vary": True,
        "Dim_Sizes": list(values.shape[1:]),
        "Var_Type": "zVariable",
        "Compress": 0,  # gzip would note the time
    }
    with atomic(path) as partial:
        spec = {"Encoding": 6, "Majority": "row_major"}
        cdf = CDF(partial, cdf_spec=spec, delete=True)  # the empty file that is there
        cdf.write_var(variable, var_data=values)
        cdf.close()


def write_masks(path: Path, masks: list[np.ndarray]) -> None:
    """MATLAB 7.3's layout: ``Masks`` holds references to one uint8 (W, H) array a frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as partial, created(partial, path) as file:
        cell = file.create_dataset("Masks", (len(masks), 1), dtype=h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        group = file.create_group("#refs#")
        for i, mask in enumerate(masks):
            data = group.create_dataset(
                f"m{i}",
                data=np.ascontiguousarray(mask.T, dtype=np.uint8),
                chunks=mask.T.shape,
                compression="gzip",
                compression_opts=1,
            )
            cell[i, 0] = data.ref


def write_metadata(
    path: Path, step: int, takes: int = 2, actions: tuple[str, ...] = (WALKING,)
) -> None:
    """Take names and cameras in the official file's shape, with the stand-in's own numbers."""
    cameras = {(s, n): c for s in SUBJECTS for n, c in cameras_for(s).items()}
    w0 = " ".join(f"{v:.10g}" for v in pack_cameras(cameras))
    header = "".join(f"<td>S{s}</td>" for s in range(1, 12))
    rows = "".join(
        f"<tr><td>{ACTIONS.index(action) + 2}</td><td>{number}</td>"
        + "".join(f"<td>{_name(s, number, takes, action)}</td>" for s in range(1, 12))
        + "</tr>"
        for action in actions
        for number in range(1, takes + 1)
    )
    names = "".join(f"<item>{name}</item>" for name in CAMERA_NAMES)
    write_text(
        path,
        "<?xml version='1.0'?>\n<metadata>"
        f"<mapping><tr><td>Action</td><td>subaction</td>{header}</tr>{rows}</mapping>"
        f"<frame_rate>{FPS / step:g}</frame_rate><w0>[{w0}]</w0>"
        f"<dbcameras><index2id>{names}</index2id></dbcameras></metadata>\n",
    )


def _name(subject: int, number: int, takes: int, action: str) -> str:
    own = takes_of(subject, takes)
    return take_name(subject, number, own, action) if number <= own else ""
