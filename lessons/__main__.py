"""Run lessons: ``python -m lessons`` all of them with a table, ``python -m lessons 7`` one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from lessons import course
from minipose.errors import Parser

DEFAULT_OUT = course.FOLDER.parent / "runs" / "lessons"


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m lessons",
        description="Run all lessons and show a table, or one lesson with all that it prints.",
    )
    parser.add_argument("number", nargs="?", help="one lesson, for instance 7")
    parser.add_argument("--answers", action="store_true", help="answer its questions at the end")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(os.environ.get("LESSONS_OUT") or DEFAULT_OUT),
        help="folder of the plots (default: %(default)s)",
    )
    parser.add_argument(
        "--readme", action="store_true", help="after a run of all: renew lessons/README.md"
    )
    options = parser.parse_args(arguments)
    try:
        if options.number is not None:
            return run_one(course.choose(options.number), options)
        return run_all(options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run_one(lesson: course.Lesson, options: argparse.Namespace) -> int:
    outcome = course.run(lesson, options.out, *["--answers"] * options.answers)
    print(outcome.output, end="")
    print(f"lesson {lesson.number}: {outcome.seconds:.1f} s, {lesson.asserts} asserts")
    if (course.FOLDER / "exercises" / lesson.path.name).exists():
        print(f"Write it yourself: make check N={lesson.number}")
    return 0 if outcome.status == 0 else 1


def run_all(options: argparse.Namespace) -> int:
    """A row per lesson as it ends; what failed is shown in full below the table."""
    print(f"{'lesson':52} {'seconds':>7} {'asserts':>7} {'plots':>7}")
    outcomes = []
    for lesson in course.all_lessons():
        outcome = course.run(lesson, options.out)
        outcomes.append(outcome)
        remark = "FAILED" if outcome.status else ""
        if outcome.seconds > lesson.budget:
            remark += f" over its {lesson.budget:.0f} s"
        row = f"{lesson.number:2} {lesson.title:49} {outcome.seconds:7.1f} {lesson.asserts:7}"
        print(f"{row} {len(outcome.plots):7} {remark}".rstrip(), flush=True)
    failed = [outcome for outcome in outcomes if outcome.status]
    total = sum(outcome.seconds for outcome in outcomes)
    asserts = sum(outcome.lesson.asserts for outcome in outcomes)
    plots = sum(len(outcome.plots) for outcome in outcomes)
    print(f"{'all':52} {total:7.1f} {asserts:7} {plots:7}   plots in {options.out}")
    for outcome in failed:
        print(f"\n{outcome.lesson.path.name} failed:\n{outcome.output}")
    if options.readme and not failed:
        from lessons.readme import write

        write([outcome.lesson for outcome in outcomes], options.out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
