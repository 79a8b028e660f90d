"""Arguments of `csc` in; what a process of its own made of them, out, for a third of the usual cost.

A server that has loaded all of csc forks for each call: the child has its own folder, environment, standard
streams and exit code, as a process that was started anew. Run as a module, this is the server.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Whatever Python or a library has read when it started is not to be changed afterwards; but for these.
_READ_AT_START = ("PYTHON", "LANG", "LC_", "TZ", "LD_", "OPENSSL", "MALLOC")
_READ_LATER = ("PYTHONPATH", "PYTHON_KEYRING_BACKEND")


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a call with this environment may be the child of a process that has started already."""
    return not any(n.startswith(_READ_AT_START) for n in environment if n not in _READ_LATER)


class Server:
    """Forks when asked. One call at a time."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, arguments: list[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` with captured output."""
        with tempfile.TemporaryDirectory() as scratch:
            out, err = Path(scratch, "out"), Path(scratch, "err")
            request = {
                "arguments": arguments,
                "folder": str(folder),
                "environment": dict(environment),
                "out": str(out),
                "err": str(err),
            }
            code = self._ask(request, timeout)
            if code is None:
                raise subprocess.TimeoutExpired(arguments, timeout)
            return subprocess.CompletedProcess(
                arguments, code, *(path.read_bytes().decode() for path in (out, err))
            )

    def _ask(self, request: dict[str, Any], timeout: float) -> int | None:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = subprocess.Popen(
                [sys.executable, "-c", "from support.forked import serve; serve()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parent.parent,
                env={"PATH": os.environ["PATH"]},
                process_group=0,
            )
            atexit.register(self.end)
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], timeout)[0]:
            self.end()
            return None
        return json.loads(process.stdout.readline())

    def end(self) -> None:
        """Kill the server, and what it has forked."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream and stream.close()


def serve() -> None:
    """Load csc, then fork for each line of standard input, and answer with the exit code."""
    for package in ("csc.cli", "csc.compiler", "csc.grammar", "csc.runtime"):
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    sys.path.remove(next(p for p in sys.path if p in ("", str(Path.cwd()))))
    sys.path.insert(0, "")
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _become(request: dict[str, Any]) -> None:
    """The child: run `csc` and end."""
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_CREAT),
        (2, request["err"], os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["-c", *request["arguments"]]
    code = 0
    try:
        from csc.cli.main import main

        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code & 0xFF)
