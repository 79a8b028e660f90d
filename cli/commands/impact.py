"""`csc impact`: what hangs on an object."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import click

from ...compiler.address import Address
from ...compiler.configuration import Configuration
from ...compiler.impact import find, impact_of, suggest
from ...compiler.schema.catalog import Catalog
from ...runtime.expiry import ends_of
from ...runtime.state.errors import StateError
from ...runtime.state.location import Location
from ...runtime.state.opening import open_to_read
from .. import findings, options
from ..config import make_policy
from ..exits import DONE, FAILED, Failure
from ..planning import Request, make_plan
from ..schema_files import read_catalog
from ..scripts import location_of
from ..settings import Settings
from ..variables import Variables
from ..views import impact_json, impact_text
from ..views.source_text import to_json

# A configuration, and when its certificates end.
_Seen = tuple[Configuration, Mapping[Address, datetime]]


@click.command("impact")
@click.argument("words", nargs=-1, required=True, metavar="[TYPE] NAME")
@click.option(
    "--script",
    "scripts",
    multiple=True,
    metavar="FILE",
    help="Look at what this script leaves, not at what is committed. Repeatable.",
)
@options.as_json
@options.sandbox
@options.files
@options.schemas
@options.parameters
@options.policy
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    words: tuple[str, ...],
    scripts: tuple[str, ...],
    as_json: bool,
    sandbox: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    variables: Variables,
    config: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
) -> int:
    """Say what refers to an object (cmp/clcert, Certificate cmp/clcert), and what breaks without it."""
    location = location_of(settings.state)
    catalog = read_catalog(schemas)
    policy = make_policy(config, select, ignore, scripts)
    request = Request(scripts, folders, settings.device, sandbox, False, schemas, variables, policy)
    try:
        seen = _after(request, location, settings) if scripts else _committed(settings, location)
    except StateError as error:
        raise Failure(str(error), error.way_out) from None
    if seen is None:
        return FAILED
    configuration, ends = seen
    impact = impact_of(_find(words, configuration, catalog), configuration, catalog, ends)
    if as_json:
        click.echo(to_json(impact_json.document(impact)))
    else:
        click.echo(impact_text.render(impact, datetime.now(UTC)))
    return DONE


def _find(words: tuple[str, ...], configuration: Configuration, catalog: Catalog) -> Address:
    found = find(words, configuration, catalog)
    text = " ".join(words)
    if not found:
        meant = suggest(words, configuration)
        raise Failure(
            f"there is no object {text}",
            f"did you mean `{meant}`?"
            if meant
            else "`csc show` lists what is committed; "
            "`--script FILE` looks at what a script leaves",
        )
    if len(found) > 1:
        names = sorted(dict.fromkeys(map(str, found)))
        # Two of one name and type differ only in where they are.
        paths = names if len(names) == len(found) else [address.path for address in found]
        raise Failure(
            f"{text} is the name of {len(found)} objects", f"say which: {', '.join(paths)}"
        )
    return found[0]


def _committed(settings: Settings, location: Location) -> _Seen:
    store = open_to_read(location)
    if store is None:
        raise Failure(
            "there is no state yet", "apply a script first, or look at one with `--script FILE`"
        )
    with closing(store):
        state = store.load(settings.device)
        return state.committed, ends_of(state.committed, state.certificates, store.content)


def _after(request: Request, location: Location, settings: Settings) -> _Seen | None:
    """What the scripts leave as the candidate; None if they have errors, which are shown."""
    planned = make_plan(request, location)
    findings.show(planned.diagnostics, planned.lines, is_quiet=settings.is_quiet)
    if planned.plan is None or planned.prediction is None:
        return None
    left = planned.prediction
    store = open_to_read(location)
    with nullcontext() if store is None else closing(store):

        def read(content: str) -> bytes | None:
            uploaded = planned.uploads(content)
            return store.content(content) if uploaded is None and store is not None else uploaded

        return left.candidate, ends_of(left.candidate, left.certificates, read)
