"""What `csc apply` and a `csc plan` that finds nothing to do take, beside `terraform`'s with as many objects.

    .venv/bin/python benchmarks/apply.py [--terraform PATH] [OBJECTS]

The script adds addresses, each with a comment; Terraform's configuration has a `terraform_data` for each,
which holds the same and needs no provider, so that neither talks to anybody. Whole processes are timed by
the clock, csc's the best of some runs. Without `--terraform` its figures are GIVEN's, for 5,000 objects.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

OBJECTS = 5_000
RUNS = 3
# What csc may take of Terraform's time.
APPLY_BUDGET = 1 / 100
PLAN_BUDGET = 1 / 15
CSC = str(Path(sys.executable).with_name("csc"))


@dataclass(frozen=True)
class Times:
    """Seconds by the clock."""

    apply: float
    plan: float


# Terraform 1.11 on a machine with two cores: its apply as it is known there, its plan as it was measured.
GIVEN = Times(600.0, 9.0)


def clock(command: list[str], folder: Path, environment: Mapping[str, str] = os.environ) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def csc(objects: int, folder: Path) -> Times:
    """An apply on an empty state, and a plan of the same script after it."""
    script = "".join(
        f'add IPAddress a{n} Address={address(n)} Comments="number {n}"\n' for n in range(objects)
    )
    (folder / "script.cfg").write_text(script + "activate\ncommit\n")
    return Times(
        clock([CSC, "apply", "--yes", "script.cfg"], folder),
        clock([CSC, "plan", "--detailed-exitcode", "script.cfg"], folder),
    )


def terraform(program: str, objects: int, folder: Path) -> Times:
    """The same with Terraform, or with OpenTofu."""
    (folder / "main.tf").write_text(
        "".join(
            f'resource "terraform_data" "a{n}" {{\n'
            f'  input = {{ address = "{address(n)}", comments = "number {n}" }}\n}}\n'
            for n in range(objects)
        )
    )
    alone = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    options = ["-input=false", "-no-color"]
    clock([program, "init", *options], folder, alone)
    return Times(
        clock([program, "apply", "-auto-approve", *options], folder, alone),
        clock([program, "plan", "-detailed-exitcode", *options], folder, alone),
    )


def in_a_folder(measure: Callable[[Path], Times]) -> Times:
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder))


def judge(what: str, ours: float, theirs: float, budget: float) -> None:
    ratio = ours / theirs
    verdict = "ok" if ratio <= budget else "over"
    print(
        f"{what}: {ours:.2f} s to {theirs:.1f} s, 1/{theirs / ours:.0f},"
        f" budget 1/{1 / budget:.0f}: {verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("objects", nargs="?", type=int, default=OBJECTS)
    parser.add_argument("--terraform", metavar="PATH", help="Measure this Terraform or OpenTofu.")
    options = parser.parse_args()
    if options.terraform is None and options.objects != OBJECTS:
        parser.error(f"Terraform's figures are known for {OBJECTS} objects: --terraform PATH")
    runs = [in_a_folder(lambda folder: csc(options.objects, folder)) for _ in range(RUNS)]
    ours = Times(min(run.apply for run in runs), min(run.plan for run in runs))
    theirs = GIVEN
    if options.terraform is not None:
        theirs = in_a_folder(lambda f: terraform(options.terraform, options.objects, f))
    print(
        f"{options.objects} objects, {'given' if theirs is GIVEN else 'measured'} beside Terraform"
    )
    judge("apply", ours.apply, theirs.apply, APPLY_BUDGET)
    judge("plan with nothing to do", ours.plan, theirs.plan, PLAN_BUDGET)


if __name__ == "__main__":
    main()
