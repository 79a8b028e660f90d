"""The process in which a user's template runs: a request on standard input, an answer on standard output.

Both are JSON documents. Nothing but the variables is here to be found: no state, no keys, no environment.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from .rendering import Template, TemplateError, TimeIsUp, render

# Beyond its time, a template that no signal reaches, within one long operation, has so many seconds.
_GRACE = 1
# If whatever it was has swallowed the first signal.
_AGAIN = 0.1


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    folder = request["folder"]
    template = Template(request["name"], request["text"], None if folder is None else Path(folder))
    _limit(request["seconds"], request["memory"])
    answer: dict[str, Any]
    try:
        answer = {"text": render(template, request["variables"], request["characters"])}
    except TemplateError as error:
        answer = {"error": str(error), "place": error.place}
    signal.setitimer(signal.ITIMER_PROF, 0)
    json.dump(answer, sys.stdout)


def _limit(seconds: float, memory: int) -> None:
    def stop(number: int, frame: object) -> None:
        del number, frame
        raise TimeIsUp(f"it does not end within {seconds:g} s")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1 + _GRACE
    for limit, value in (
        (resource.RLIMIT_CPU, most),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY or value < hard:
            resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main()
