"""``python -m minipose predict``: what the networks find in pictures, videos and cameras."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from minipose.datasets.picture_files import read_grey, read_rgb
from minipose.devices import use_device
from minipose.errors import UserError, missing_package
from minipose.experiments.settings import RunSettings
from minipose.predict.drawing import sheet, summary
from minipose.predict.frames import Frame, Video, opened
from minipose.predict.movie import movie
from minipose.predict.networks import load_networks
from minipose.predict.person import Result, check_picture, predict_pictures
from minipose.predict.sources import PICTURE, Source, find_sources
from minipose.predict.tables import FORMATS, openpose
from minipose.predict.writing import PICTURES, Output
from minipose.storage import expect_folder, write_text

OUT = "found"  # the folder for what is written, where none is given
TOGETHER = 8  # pictures or frames that go through the networks at once


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
    settings = RunSettings().changed(out=args.out, device=args.device, tf32=args.tf32)
    out, formats = expect_folder(settings.out or OUT), _formats(args.format)
    sources, lines = find_sources(args.sources, out)
    pictures = [source for source in sources if source.kind == PICTURE]
    if (args.box or args.mask) and [source.kind for source in sources] != [PICTURE]:
        given = "--box" if args.box else "--mask"
        raise UserError(f"{given}: is for one picture, got {len(sources)} pictures and videos")
    problems = Problems(len(sources) + len(lines))
    networks = load_networks(
        args.checkpoint, args.pose3d, use_device(settings.device, settings.tf32)
    )
    output = Output(networks, out, formats, args.animation, args.overwrite)
    for line in lines:
        problems.add(line)
    print("\n".join(networks.lines()), flush=True)
    if pictures:
        _pictures(args, pictures, output, problems)
    for source in sources:
        if source.kind != PICTURE:
            try:
                _video(args, source, output)
            except UserError as error:
                problems.add(str(error))
    if problems.count:
        raise UserError(f"{problems.count} of {problems.sources} failed, the others are in {out}")


def _formats(text: str | None) -> tuple[str, ...] | None:
    """``openpose,csv`` -> ("openpose", "csv")."""
    if text is None:
        return None
    formats = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    unknown = [word for word in formats if word not in FORMATS]
    if unknown or not formats:
        raise UserError(f"--format: expected some of {','.join(FORMATS)}, got {text!r}")
    return formats


def _pictures(
    args: argparse.Namespace, sources: Sequence[Source], output: Output, problems: Problems
) -> None:
    """All pictures, a few at a time."""
    take = output.take(PICTURE)
    tables = output.stem(PICTURES)
    output.expect_free(list(take.files(tables).values()))
    box = tuple(args.box) if args.box else None
    mask = None if args.mask is None else read_grey(args.mask) > 127
    with tqdm(total=len(sources), unit="picture", disable=not sys.stderr.isatty()) as bar:
        for chunk in _chunks(iter(sources), TOGETHER):
            good, images = [], []
            for source in chunk:
                try:
                    output.expect_free(list(output.files_of(source).values()))
                    image = read_rgb(source.path)
                    check_picture(image, box, mask, source.path)
                except UserError as error:
                    problems.add(str(error))
                else:
                    good.append(source)
                    images.append(image)
            if good:
                boxes, masks = [box] * len(good), [mask] * len(good)
                found = predict_pictures(output.networks, images, boxes, masks, args.threshold)
                for source, result in zip(good, found, strict=True):
                    files = output.write_picture(source, result)
                    take.add(str(source.path), 0, 0.0, result)
                    _say(source, result, files["sheet"])
            bar.update(len(chunk))
    if take.rows:
        for path in take.write(tables):
            print(path)


def _video(args: argparse.Namespace, source: Source, output: Output) -> None:
    """Every frame of a video, or of a camera until it is stopped."""
    take, stem, files = output.take(source.kind), output.stem(source.name), output.files_of(source)
    output.expect_free([*files.values(), *take.files(stem).values()])
    try:
        interrupted = False
        with opened(source) as video, movie(files["movie"], video.rate) as made:
            try:
                for frame, result in _frames(args, video, output):
                    made.add(sheet(result, original=False))
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
    print(f"{source.path}: {len(take.rows)} frames -> {', '.join(map(str, paths))}", flush=True)
    if interrupted:
        raise KeyboardInterrupt(f"{len(take.rows)} frames of {source.path} are written")
    if video.ended:
        raise UserError(f"{source.path}: {video.ended}; those are written")


def _frames(
    args: argparse.Namespace, video: Video, output: Output
) -> Iterator[tuple[Frame, Result]]:
    """Frames with what is in them, a few at a time."""
    total = min(filter(None, (video.count, args.frames)), default=None)
    with tqdm(total=total, unit="frame", disable=not sys.stderr.isatty()) as bar:
        for frames in _chunks(video.frames(args.frames), TOGETHER):
            images = [frame.image for frame in frames]
            yield from zip(
                frames,
                predict_pictures(output.networks, images, threshold=args.threshold),
                strict=True,
            )
            bar.update(len(frames))


def _chunks(items: Iterator, size: int) -> Iterator[list]:
    while chunk := list(islice(items, size)):
        yield chunk


def _say(source: Source, result: Result, path: Path) -> None:
    """A line on a picture, for which a progress bar makes room."""
    tqdm.write(f"{source.path}: {' '.join(summary(result))} -> {path}", file=sys.stdout)
    sys.stdout.flush()
