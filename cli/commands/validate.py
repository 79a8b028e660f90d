"""`csc validate`: check scripts without touching anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ...compiler.diagnostics import Applicability, has_errors
from ...compiler.secrets import confidential
from .. import findings, options
from ..checking import Check, run_check
from ..config import make_policy
from ..exits import DONE, FAILED
from ..schema_files import read_catalog
from ..scripts import location_of
from ..settings import Settings
from ..state import find_base, sandbox_roots_of
from ..variables import Variables
from ..views.source_text import masked_lines


@click.command("validate")
@options.scripts
@click.option(
    "--format",
    "form",
    type=click.Choice(findings.FORMATS),
    default="text",
    show_default=True,
    help="How findings are printed.",
)
@click.option("--fix", is_flag=True, help="Apply the fixes that are safe, then check again.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix: apply the other fixes, too.")
@click.option(
    "--diff", "show_diff", is_flag=True, help="With --fix: show what would change, write nothing."
)
@click.option("--each", is_flag=True, help="Check every SCRIPT by itself, not one after the other.")
@options.base
@click.option(
    "--at",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Check as of this day (UTC): what the script will run into by then.",
)
@options.sandbox
@options.strict
@options.files
@options.schemas
@options.parameters
@options.policy
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Show and count only findings that this file does not hold.",
)
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write all findings to this file, for --baseline.",
)
@click.option(
    "--max-diagnostics",
    "most",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"Show at most N findings, errors first; 0 shows all. In text {findings.MOST} by default.",
)
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    form: str,
    fix: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    each: bool,
    base_file: Path | None,
    at: datetime | None,
    sandbox: bool,
    strict: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    variables: Variables,
    config: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    write_baseline: Path | None,
    most: int | None,
) -> int:
    """Check SCRIPTs, which run in order on one device. Exit code 1 if one has errors."""
    if (unsafe_fixes or show_diff) and not fix:
        option = "--unsafe-fixes" if unsafe_fixes else "--diff"
        raise click.UsageError(f"{option} goes with --fix")
    if baseline is not None and write_baseline is not None:
        raise click.UsageError("--write-baseline writes all findings: leave out --baseline")
    catalog = read_catalog(schemas)
    location = location_of(settings.state)
    now = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    base = find_base(location, settings.device, base_file, catalog, now)
    policy = make_policy(config, select, ignore, scripts)
    known = None
    if baseline is not None:
        from ..baseline import read

        known = read(baseline)
    check = Check(
        scripts,
        folders,
        base,
        catalog,
        variables,
        policy,
        is_strict=strict,
        sandbox_roots=sandbox_roots_of(location) if sandbox else (),
        is_each_alone=each,
        known=known,
        now=now,
    )
    checked = run_check(check)
    if fix:
        wanted = {Applicability.SAFE}
        if unsafe_fixes:
            wanted.add(Applicability.UNSAFE)
        from .. import fixing

        before = checked.sources
        mended, fixed = fixing.fix(check, checked, wanted)
        if show_diff:
            from ..views.script_diff import diff

            for was, script in fixing.changed(before, mended.sources):
                click.echo(diff(was, script.text), nl=False)
            click.echo(f"would fix {_count(fixed)}", err=True)
            return FAILED if fixed or has_errors(mended.found) else DONE
        fixing.write(before, mended.sources)
        checked = mended
        if fixed:
            click.echo(f"fixed {_count(fixed)}", err=True)
    scripts_read, found = checked.sources.scripts, checked.found
    if write_baseline is not None:
        from ..baseline import write

        write(write_baseline, scripts_read, found)
        click.echo(f"{write_baseline} holds {_count(len(found))}", err=True)
        return DONE
    if checked.gone:
        click.echo(
            f"{_count(checked.gone)} of the baseline {'are' if checked.gone > 1 else 'is'} gone; "
            "write it again with --write-baseline",
            err=True,
        )
    lines = masked_lines(scripts_read, confidential(catalog).secret)
    if form != "text":
        shown = findings.first(found, most or 0)
        click.echo(findings.render(form, shown, lines))
        findings.tell_rest(found, shown)
    else:
        limit = findings.MOST if most is None else most
        findings.show(found, lines, is_quiet=settings.is_quiet, most=limit)
        if not settings.is_quiet:
            from ..views.diagnostics_text import count

            number = len(scripts_read)
            click.echo(f"{number} script{'s' if number > 1 else ''} checked: {count(found)}")
    return FAILED if has_errors(found) else DONE


def _count(findings: int) -> str:
    return f"{findings} finding{'s' if findings != 1 else ''}"
