"""Cases in, their results out, a line of JSON each: a process that has one thread, and so can fork.

    python -m faults.worker FOLDER [CLUSTER]

`["points", OPERATION, STORE, MANY]` is answered by the points of an operation, a list that is a case by its
result. CLUSTER is the URL of a PostgreSQL server's database `postgres`.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from .runs import load_everything
from .stores import Stores
from .trial import Case, Trials


def main() -> None:
    """Work until there is nothing more to read."""
    cluster = sys.argv[2] if len(sys.argv) > 2 else None
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    load_everything()
    trials = Trials(Stores(folder, cluster))
    for line in sys.stdin:
        match json.loads(line):
            case ["points", kind, store, many]:
                points, messages = trials.points(kind, store, many)
                answer = {"points": points, "messages": messages}
            case document:
                answer = asdict(trials.run(Case(*document)))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
