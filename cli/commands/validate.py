"""`csc validate`: check scripts without touching anything."""

from __future__ import annotations

from pathlib import Path

import click

from ...compiler.diagnostics import Applicability, Diagnostic, has_errors
from .. import findings, options
from ..config import make_policy
from ..exits import DONE, FAILED
from ..schema_files import read_catalog
from ..scripts import Sources, compile_sources, location_of, read_sources
from ..settings import Settings
from ..state import load_base
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
    sandbox: bool,
    strict: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    parameters: dict[str, str],
    config: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    write_baseline: Path | None,
    most: int | None,
) -> int:
    """Check SCRIPTs, which run in order on one device. Exit code 1 if one has errors."""
    if unsafe_fixes and not fix:
        raise click.UsageError("--unsafe-fixes goes with --fix")
    if baseline is not None and write_baseline is not None:
        raise click.UsageError("--write-baseline writes all findings: leave out --baseline")
    base = load_base(location_of(settings.state), settings.device)
    catalog = read_catalog(schemas)
    policy = make_policy(config, select, ignore, scripts)
    known = None
    if baseline is not None:
        from ..baseline import read

        known = read(baseline)

    def check() -> tuple[Sources, tuple[Diagnostic, ...], int]:
        """The scripts, what is new in them, and how much of the baseline is gone."""
        sources = read_sources(scripts, folders)
        found = compile_sources(
            sources,
            base=base,
            stand_in="sandbox:root" if sandbox else None,
            is_strict=strict,
            catalog=catalog,
            parameters=parameters,
            policy=policy,
        ).diagnostics
        if known is None:
            return sources, found, 0
        from ..baseline import only_new

        return sources, *only_new(known, sources.scripts, found)

    sources, found, gone = check()
    if fix:
        wanted = {Applicability.SAFE}
        if unsafe_fixes:
            wanted.add(Applicability.UNSAFE)
        from ..fixing import write_fixes

        fixed = write_fixes(sources, found, wanted)
        if fixed:
            click.echo(f"fixed {fixed} finding{'s' if fixed > 1 else ''}", err=True)
            sources, found, gone = check()
    if write_baseline is not None:
        from ..baseline import write

        write(write_baseline, sources.scripts, found)
        known_now = f"{len(found)} finding{'s' if len(found) != 1 else ''}"
        click.echo(f"{write_baseline} holds {known_now}", err=True)
        return DONE
    if gone:
        click.echo(
            f"{gone} finding{'s' if gone > 1 else ''} of the baseline {'are' if gone > 1 else 'is'} gone; "
            "write it again with --write-baseline",
            err=True,
        )
    lines = masked_lines(sources.scripts)
    if form != "text":
        shown = findings.first(found, most or 0)
        click.echo(findings.render(form, shown, lines))
        findings.tell_rest(found, shown)
    else:
        limit = findings.MOST if most is None else most
        findings.show(found, lines, is_quiet=settings.is_quiet, most=limit)
        if not settings.is_quiet:
            from ..views.diagnostics_text import count

            number = len(sources.scripts)
            checked = f"{number} script{'s' if number > 1 else ''} checked"
            click.echo(f"{checked}: {count(found)}")
    return FAILED if has_errors(found) else DONE
