"""Where joints are looked for: folders with a file for each picture, or one file for all."""

from __future__ import annotations

from pathlib import Path

from data_tools.people.candidate import People
from data_tools.people.folders import KEYPOINT_FOLDERS, files_in, key_of
from data_tools.people.openpose import SUFFIX, read_people
from data_tools.people.results import JointResults, is_joint_results
from minipose.datasets.guard import read_json
from minipose.errors import UserError

MARK = SUFFIX.removesuffix(".json")


class KeypointPlaces:
    """The joints of each picture, the first place that has them counting.

    Parameters
    ----------
    places : folders of OpenPose files, or results files
    required : those of them that were asked for; others may be missing
    """

    def __init__(self, places: list[Path], required: list[Path]) -> None:
        self.files: dict[str, Path] = {}
        self.results: list[JointResults] = []
        for place in places:
            if place.is_dir():
                self._add_folder(place, place in required or place.name in KEYPOINT_FOLDERS)
            elif place.is_file() and place.suffix.lower() == ".json":
                self.results.append(JointResults(place))
            elif place in required:
                raise UserError(
                    f"{place}: expected a folder of OpenPose JSON files, or a results .json"
                )

    def _add_folder(self, folder: Path, own: bool) -> None:
        """NAME_keypoints.json, and in a folder of keypoints NAME.json and results files too."""
        for path in files_in(folder):
            if path.suffix.lower() != ".json" or not (own or path.name.endswith(SUFFIX)):
                continue
            if own and not path.name.endswith(SUFFIX) and _is_results(path):
                self.results.append(JointResults(path))
            else:
                self.files.setdefault(key_of(path, folder, MARK), path)

    def read(self, name: str) -> People | None:
        """Everybody in the picture of this name; None if no place tells of it."""
        if name in self.files:
            return read_people(self.files[name])
        found = (results.read(name) for results in self.results)
        return next((people for people in found if people is not None), None)


def _is_results(path: Path) -> bool:
    try:
        return is_joint_results(read_json(path))
    except UserError:
        return False  # then it is a damaged file of one picture
