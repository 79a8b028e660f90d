"""A plan as a file: saved with all that it depends on, and made again before it is applied.

A saved plan is not trusted. It names the scripts and options it was made with; `apply` plans them again and
goes on only if the result is the same to the byte. So a plan that is stale (script, uploads or state have
changed) and one that somebody altered are refused alike, and secrets need not be in it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..compiler.plan import Plan
from ..compiler.policy import policy_from_json, policy_to_json
from ..compiler.selection import Selection
from ..compiler.serialize import canonical, plan_to_json
from .exits import REFUSED, Failure
from .planning import Request
from .views.source_text import to_json

SCHEMA = "csc/plan-file/1"
_ALTERED = "the plan was altered"
_AGAIN = "plan again with `csc plan --out`, and apply that"


def dump(request: Request, plan: Plan, secret: frozenset[str]) -> str:
    """The file's text. `secret` names parameters whose values must not be in it."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "request": {
            "scripts": list(request.scripts),
            "folders": [str(folder) for folder in request.folders],
            "device": request.device,
            "sandbox": request.uses_sandbox,
            "strict": request.is_strict,
            "schemas": list(request.schemas),
            # Secrets are given again when the plan is applied.
            "parameters": {n: v for n, v in request.parameters.items() if n not in secret},
            "policy": policy_to_json(request.policy),
            "only": list(request.selection.only),
            "skip": list(request.selection.skip),
            "replace": list(request.selection.replace),
        },
        "plan": plan_to_json(plan),
    }
    document["digest"] = _digest(document)
    return to_json(document) + "\n"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a plan file holds, with the plan as a document; `is_altered`: somebody has changed the file."""

    request: Request
    plan: Any
    is_altered: bool


def load(path: str) -> tuple[Request, Any] | None:
    """The request and the plan document of a saved plan; None if the file is not one.

    Raises:
        Failure: if it is one, but cannot be read, or was altered.
    """
    if not path.endswith(".json"):
        return None
    saved = read(path)
    if saved.is_altered:
        raise Failure(_ALTERED, _AGAIN, REFUSED)
    return saved.request, saved.plan


def read(path: str) -> SavedPlan:
    """A saved plan, altered or not.

    Raises:
        Failure: if the file is none, or cannot be read.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise _unreadable(path)
        is_altered = document.pop("digest") != _digest(document)
        wanted = document["request"]
        request = Request(
            tuple(map(str, wanted["scripts"])),
            tuple(map(Path, wanted["folders"])),
            str(wanted["device"]),
            bool(wanted["sandbox"]),
            bool(wanted["strict"]),
            tuple(map(str, wanted["schemas"])),
            {str(name): str(value) for name, value in wanted["parameters"].items()},
            policy_from_json(wanted["policy"]),
            Selection(
                tuple(map(str, wanted.get("only", ()))),
                tuple(map(str, wanted.get("skip", ()))),
                tuple(map(str, wanted.get("replace", ()))),
            ),
        )
        return SavedPlan(request, document["plan"], is_altered)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unreadable(path) from None


def check_current(saved: Any, plan: Plan) -> None:
    """Refuse a saved plan that is not what planning gives now.

    Raises:
        Failure: if they differ, with the reason.
    """
    reason = why_stale(saved, plan)
    if reason is not None:
        raise Failure(reason, _AGAIN, REFUSED)


def why_stale(saved: Any, plan: Plan) -> str | None:
    """Why a saved plan is not what planning gives now; None if it is."""
    current = plan_to_json(plan)
    if canonical(saved) == canonical(current):
        return None
    if saved.get("script") != current["script"]:
        return "the script has changed since it was planned"
    if saved.get("inputs") != current["inputs"]:
        return "an uploaded file has changed since it was planned"
    if saved.get("base") != current["base"]:
        return "the device's state has changed since it was planned"
    return _ALTERED


def _digest(document: Any) -> str:
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def _unreadable(path: str) -> Failure:
    return Failure(f"{path} is not a saved plan", "make one with `csc plan SCRIPT --out plan.json`")
