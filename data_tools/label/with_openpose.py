"""The OpenPose program as a labeller: it is run once over all pictures and leaves a file for each.

Its version for the command line is called ``openpose.bin``. It looks for its models below the
folder that it is started in, so it is told where they are: in a folder ``models`` somewhere above.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from data_tools.label.labeller import About, Found
from data_tools.people.candidate import Dropped
from data_tools.people.openpose import SUFFIX, joints_found, read_people
from minipose.datasets.guard import in_a_line
from minipose.errors import UserError

PROGRAMS = ("openpose.bin", "openpose", "OpenPoseDemo.exe")
FLAGS = ("--keypoint_scale", "0", "--display", "0", "--render_pose", "0")
START, PICTURE = 300, 60  # seconds to load its models, and for each picture on a CPU


class OpenPose:
    """Joints of everybody in a picture.

    Raises
    ------
    UserError
        If there is no such program on the PATH.
    """

    about = About("openpose", gives=("joints",))

    def __init__(self) -> None:
        found = (shutil.which(program) for program in PROGRAMS)
        self.program = next((path for path in found if path), None)
        if self.program is None:
            raise UserError(
                "openpose: no openpose.bin on the PATH: build it as its own pages say, or use "
                "--with mediapipe"
            )
        self.folder = TemporaryDirectory(prefix="minipose-openpose-")
        self.files: dict[str, Path] = {}

    def begin(self, pictures: dict[str, Path]) -> None:
        """Run it over all pictures, under numbers, since it does not look into inner folders.

        Raises
        ------
        UserError
            If it fails, or takes far too long.
        """
        images, joints = Path(self.folder.name, "images"), Path(self.folder.name, "joints")
        images.mkdir()
        joints.mkdir()
        for number, (name, path) in enumerate(pictures.items()):
            shutil.copyfile(path, images / f"{number:08d}{path.suffix}")
            self.files[name] = joints / f"{number:08d}{SUFFIX}"
        command = [self.program, "--image_dir", str(images), "--write_json", str(joints), *FLAGS]
        above = Path(self.program).resolve().parents
        models = next((up / "models" for up in above if (up / "models/pose").is_dir()), None)
        if models is not None:
            command += ["--model_folder", f"{models}{os.sep}"]
        limit = START + PICTURE * len(pictures)
        try:
            done = subprocess.run(command, capture_output=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            raise UserError(f"{self.program}: not done after {limit} s") from None
        except OSError as error:
            raise UserError(f"{self.program}: {in_a_line(error)}") from None
        if done.returncode:
            lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            said = lines[-1] if lines else "it says nothing"
            raise UserError(f"{self.program}: ended with {done.returncode}: {said}")

    def people(self, name: str, image: np.ndarray) -> list[Found]:
        """Everybody in the picture, who has most joints first.

        Raises
        ------
        Dropped
            If OpenPose left no file, or none that can be read.
        """
        if not self.files[name].is_file():
            raise Dropped("openpose left no file")
        people = sorted(read_people(self.files[name]), key=joints_found, reverse=True)
        return [Found(joints) for joints in people]

    def close(self) -> None:
        """Remove what it wrote."""
        self.folder.cleanup()
