"""A plan as a file: saved with all that it depends on, and made again before it is applied.

A saved plan is not trusted. It names the scripts and options it was made with; `apply` plans them again and
goes on only if the result is the same to the byte. So a plan that is stale (script, uploads or state have
changed) and one that somebody altered are refused alike, and secrets need not be in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..compiler.plan import Plan
from ..compiler.policy import policy_from_json, policy_to_json
from ..compiler.selection import Selection
from ..compiler.serialize import canonical, plan_to_json
from ..grammar.frozen import frozen
from .exits import REFUSED, USAGE, Failure
from .planning import Planned, Request
from .variables import Variables
from .views.source_text import to_json

SCHEMA = "csc/plan-file/1"
_ALTERED = "the plan was altered"
_AGAIN = "plan again with `csc plan --out`, and apply that"


def dump(request: Request, planned: Planned, plan: Plan) -> str:
    """The file's text. It has the parameters that the scripts use, and of secret ones the names alone."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "request": {
            "scripts": list(request.scripts),
            "folders": [str(folder) for folder in request.folders],
            "device": request.device,
            "sandbox": request.uses_sandbox,
            "strict": request.is_strict,
            "schemas": list(request.schemas),
            "parameters": dict(planned.parameters),
            "secret_parameters": sorted(planned.secret_parameters),
            "policy": policy_to_json(request.policy),
            "only": list(request.selection.only),
            "skip": list(request.selection.skip),
            "replace": list(request.selection.replace),
        },
        "plan": plan_to_json(plan),
    }
    document["digest"] = _digest(document)
    return to_json(document) + "\n"


@frozen
class SavedPlan:
    """What a plan file holds, with the plan as a document.

    `request` lacks the values of `secret_parameters`. `is_altered`: somebody has changed the file.
    """

    request: Request
    secret_parameters: tuple[str, ...]
    plan: Any
    is_altered: bool


def load(path: str, given: Variables) -> tuple[Request, Any] | None:
    """The request and the plan document of a saved plan; None if the file is not one.

    `given` are the parameters of the command line: those that hold secrets are not in the plan, and have to
    be given again.

    Raises:
        Failure: if it is one, but cannot be read, was altered, or a parameter is missing or another one.
    """
    if not path.endswith(".json"):
        return None
    saved = read(path)
    if saved.is_altered:
        raise Failure(_ALTERED, _AGAIN, REFUSED)
    variables = _variables(saved.request.variables, saved.secret_parameters, given)
    return replace(saved.request, variables=variables), saved.plan


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
            Variables({str(name): str(value) for name, value in wanted["parameters"].items()}),
            policy_from_json(wanted["policy"]),
            Selection(
                tuple(map(str, wanted.get("only", ()))),
                tuple(map(str, wanted.get("skip", ()))),
                tuple(map(str, wanted.get("replace", ()))),
            ),
        )
        secret = tuple(map(str, wanted["secret_parameters"]))
        return SavedPlan(request, secret, document["plan"], is_altered)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unreadable(path) from None


def _variables(saved: Variables, secret: Sequence[str], given: Variables) -> Variables:
    """The parameters of a saved plan, with the secrets that were given now."""
    for name, value in saved.values.items():
        if given.values.get(name, value) != value:
            raise Failure(
                f"`{name}` is not what the plan was made with",
                f"leave it out, or {_AGAIN}",
                REFUSED,
            )
    missing = [name for name in secret if name not in given.values]
    if missing:
        name = missing[0]
        raise Failure(
            f"the plan needs `{name}` again: it holds a secret, which no plan keeps",
            f"give it with `-D {name}=VALUE` or a --var-file",
            USAGE,
        )
    return Variables({**saved.values, **{name: given.values[name] for name in secret}})


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


def plan_digest(plan: Plan) -> str:
    """The SHA-256 of a plan as `csc plan --json` prints it, in canonical JSON."""
    return _digest(plan_to_json(plan))


def _digest(document: Any) -> str:
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def _unreadable(path: str) -> Failure:
    return Failure(f"{path} is not a saved plan", "make one with `csc plan SCRIPT --out plan.json`")
