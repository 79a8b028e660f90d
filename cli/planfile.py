"""A plan as a file: saved with all that it depends on, and made again before it is applied.

A saved plan is not trusted. It names the scripts and options it was made with; `apply` plans them again and
goes on only if the result is the same to the byte. So a plan that is stale (script, uploads or state have
changed) and one that somebody altered are refused alike, and secrets need not be in it.
"""

from __future__ import annotations

import hashlib
import json
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


def load(path: str) -> tuple[Request, Any] | None:
    """The request and the plan document of a saved plan; None if the file is not one.

    Raises:
        Failure: if it is one, but cannot be read.
    """
    if not path.endswith(".json"):
        return None
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise _unreadable(path)
        if document.pop("digest") != _digest(document):
            raise Failure("the plan was altered", _AGAIN, REFUSED)
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
        return request, document["plan"]
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unreadable(path) from None


def check_current(saved: Any, plan: Plan) -> None:
    """Refuse a saved plan that is not what planning gives now.

    Raises:
        Failure: if they differ, with the reason.
    """
    current = plan_to_json(plan)
    if canonical(saved) == canonical(current):
        return
    if saved.get("script") != current["script"]:
        reason = "the script has changed since it was planned"
    elif saved.get("inputs") != current["inputs"]:
        reason = "an uploaded file has changed since it was planned"
    elif saved.get("base") != current["base"]:
        reason = "the device's state has changed since it was planned"
    else:
        reason = "the plan was altered"
    raise Failure(reason, _AGAIN, REFUSED)


def _digest(document: Any) -> str:
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def _unreadable(path: str) -> Failure:
    return Failure(f"{path} is not a saved plan", "make one with `csc plan SCRIPT --out plan.json`")
