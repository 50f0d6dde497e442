"""``python -m minipose predict``: what the networks find in pictures, videos and cameras."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from minipose.datasets.picture_files import read_grey, read_rgb
from minipose.datasets.video_files import started_ahead
from minipose.devices import use_device
from minipose.errors import UserError, counted, missing_package
from minipose.experiments.settings import declared
from minipose.predict.drawing import movie_frame, summary
from minipose.predict.frames import Frame, Video, opened
from minipose.predict.movie import movie
from minipose.predict.networks import load_networks
from minipose.predict.person import Result, check_picture, predict_pictures
from minipose.predict.settings import Settings
from minipose.predict.smoothing import smoothed_results
from minipose.predict.sources import PICTURE, TABLES, Source, find_sources
from minipose.predict.tables import openpose
from minipose.predict.tracking import Tracker
from minipose.predict.writing import Output
from minipose.storage import expect_folder, write_text

TOGETHER = 8  # pictures or frames that go through the networks at once
PIXELS_TOGETHER = 16_000_000


class Problems:
    """What went wrong: a line each, and the status in the end. Of one source alone, an error."""

    def __init__(self, sources: int) -> None:
        self.sources, self.count = sources, 0

    def add(self, line: str) -> None:
        """Say it now, and go on with the others."""
        if self.sources == 1:
            raise UserError(line)
        self.count += 1
        tqdm.write(f"error: {line}", file=sys.stderr)


def predict(args: argparse.Namespace) -> None:
    """Look at everything that was named; a file that fails is one line, and the rest goes on.

    Raises
    ------
    UserError
        If nothing can be looked at; or at the end, if a file has failed.
    """
    given = {name: value for name, value in vars(args).items() if name in declared(Settings)}
    settings = Settings().changed(**given)
    sources, lines = find_sources(args.sources, expect_folder(settings.out))
    if (settings.box or settings.mask) and [s.kind for s in sources] != [PICTURE]:
        flag = "--box" if settings.box else "--mask"
        raise UserError(f"{flag}: is for one picture, got {len(sources)} pictures and videos")
    for flag in ("smooth", "frames", "animation"):
        if given.get(flag) is not None and all(s.kind == PICTURE for s in sources):
            raise UserError(f"--{flag}: is for videos, got only pictures")
    with started_ahead(any(source.kind != PICTURE for source in sources)):
        _look(sources, lines, settings)


def _look(sources: list[Source], lines: list[str], settings: Settings) -> None:
    """At all sources; ``lines`` say what was named, too, and is none."""
    problems = Problems(len(sources) + len(lines))
    device = use_device(settings.device, settings.tf32)
    networks = load_networks(settings.checkpoint, settings.pose3d, device)
    if settings.smooth and networks.pose3d is None:
        raise UserError("--smooth: filters poses in space, which --pose3d none leaves out")
    output = Output(networks, settings)
    print("\n".join(networks.lines()), flush=True)
    for line in lines:
        problems.add(line)
    pictures = [source for source in sources if source.kind == PICTURE]
    if pictures:
        _pictures(pictures, output, problems)
    for source in sources:
        if source.kind != PICTURE:
            try:
                _video(source, output)
            except UserError as error:
                problems.add(str(error))
    if problems.count:
        others = problems.count < problems.sources
        where = f", the others are in {settings.out}" if others else ""
        raise UserError(f"{problems.count} of {problems.sources} failed{where}")


def _pictures(sources: Sequence[Source], output: Output, problems: Problems) -> None:
    """All pictures, a few at a time; what was found so far stays if somebody stops it."""
    box, threshold = output.settings.box, output.settings.threshold
    mask = None if output.settings.mask is None else read_grey(output.settings.mask) > 127
    take, tables = output.take(PICTURE), output.stem(TABLES)
    output.expect_free(list(take.files(tables).values()))
    with tqdm(total=len(sources), unit="picture", disable=not sys.stderr.isatty()) as bar:

        def readable() -> Iterator[tuple[Source, np.ndarray]]:
            for source in sources:
                try:
                    output.expect_free(list(output.files_of(source).values()))
                    image = read_rgb(source.path)
                    check_picture(image, box, mask, source.path)
                except UserError as error:
                    problems.add(str(error))
                else:
                    yield source, image
                bar.update()

        try:
            for group in _groups(readable()):
                images, count = [image for _, image in group], len(group)
                found = predict_pictures(
                    output.networks, images, [box] * count, [mask] * count, threshold
                )
                for (source, _), result in zip(group, found, strict=True):
                    files = output.write_picture(source, result)
                    take.add(str(source.path), 0, 0.0, result)
                    _say(source, result, files["sheet"])
        finally:
            if take.rows:
                for path in take.write(tables):
                    tqdm.write(str(path), file=sys.stdout)


def _groups(
    pictures: Iterator[tuple[Source, np.ndarray]],
) -> Iterator[list[tuple[Source, np.ndarray]]]:
    """As many pictures as go through the networks together: fewer where they are large."""
    group: list[tuple[Source, np.ndarray]] = []
    for source, image in pictures:
        group.append((source, image))
        if len(group) == TOGETHER or sum(i.size // 3 for _, i in group) >= PIXELS_TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _video(source: Source, output: Output) -> None:
    """Every frame of a video, or of a camera until it is stopped."""
    take, stem, files = output.take(source.kind), output.stem(source.name), output.files_of(source)
    output.expect_free([*files.values(), *take.files(stem).values()])
    old = list(files["openpose"].glob("*_keypoints.json")) if "openpose" in files else []
    try:
        interrupted = False
        with opened(source) as video, movie(files["movie"], video.rate) as made:
            found = _frames(video, output)
            if output.settings.smooth:
                found = smoothed_results(found, output.settings.smooth, 1 / video.rate)
            try:
                for frame, result in found:
                    while old:  # of a longer video; they stay where this one cannot be read
                        old.pop().unlink()
                    made.add(movie_frame(result, output.networks.pose3d is not None))
                    take.add(str(source.path), frame.number, frame.seconds, result)
                    if "openpose" in files:
                        name = f"{stem.name}_{frame.number:012d}_keypoints.json"
                        files["openpose"].mkdir(parents=True, exist_ok=True)
                        write_text(files["openpose"] / name, openpose(result), durable=False)
            except KeyboardInterrupt:
                interrupted = True
                if not take.rows:
                    raise
    except ModuleNotFoundError as error:
        raise UserError(f"{source.path}: {missing_package(error)}") from None
    paths = [files["movie"], *take.write(stem)]
    count = counted(len(take.rows), "frame")
    print(f"{source.path}: {count} -> {', '.join(map(str, paths))}", flush=True)
    if interrupted:
        raise KeyboardInterrupt(f"{source.path}: {count} written")
    if video.ended:
        raise UserError(f"{source.path}: {video.ended}; those are written")


def _frames(video: Video, output: Output) -> Iterator[tuple[Frame, Result]]:
    """Frames with what is in them, a few at a time."""
    limit = output.settings.frames
    track = Tracker(output.networks, output.settings.threshold)
    total = min(filter(None, (video.count, limit)), default=None)
    with tqdm(total=total, unit="frame", disable=not sys.stderr.isatty()) as bar:
        for frames in _chunks(video.frames(limit), TOGETHER):
            for frame in frames:
                check_picture(frame.image, path=video.decoder.path)
            yield from zip(frames, track([frame.image for frame in frames]), strict=True)
            bar.update(len(frames))


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while chunk := list(islice(items, size)):
        yield chunk


def _say(source: Source, result: Result, path: Path) -> None:
    """A line on a picture, for which a progress bar makes room."""
    tqdm.write(f"{source.path}: {' '.join(summary(result))} -> {path}", file=sys.stdout)
    sys.stdout.flush()
