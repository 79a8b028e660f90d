"""`csc validate`: check scripts without touching anything."""

from __future__ import annotations

from pathlib import Path

import click

from ...compiler.diagnostics import Applicability, Diagnostic, has_errors
from .. import findings, options
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
@click.option("--each", is_flag=True, help="Check every SCRIPT by itself, not one after the other.")
@options.sandbox
@options.strict
@options.files
@options.schemas
@options.parameters
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    form: str,
    fix: bool,
    unsafe_fixes: bool,
    each: bool,
    sandbox: bool,
    strict: bool,
    folders: tuple[Path, ...],
    schemas: tuple[str, ...],
    parameters: dict[str, str],
) -> int:
    """Check SCRIPTs, which run in order on one device. Exit code 1 if one has errors."""
    if unsafe_fixes and not fix:
        raise click.UsageError("--unsafe-fixes goes with --fix")
    base = load_base(location_of(settings.state), settings.device)
    catalog = read_catalog(schemas)

    def check() -> tuple[Sources, tuple[Diagnostic, ...]]:
        sources = read_sources(scripts, folders)
        compilations = (
            compile_sources(
                part,
                base=base,
                stand_in="sandbox:root" if sandbox else None,
                is_strict=strict,
                catalog=catalog,
                parameters=parameters,
            )
            for part in (sources.apart() if each else (sources,))
        )
        return sources, tuple(d for compilation in compilations for d in compilation.diagnostics)

    sources, diagnostics = check()
    if fix:
        wanted = {Applicability.SAFE}
        if unsafe_fixes:
            wanted.add(Applicability.UNSAFE)
        from ..fixing import write_fixes

        fixed = write_fixes(sources, diagnostics, wanted)
        if fixed:
            click.echo(f"fixed {fixed} finding{'s' if fixed > 1 else ''}", err=True)
            sources, diagnostics = check()
    lines = masked_lines(sources.scripts)
    if form != "text":
        click.echo(findings.render(form, diagnostics, lines))
    else:
        findings.show(diagnostics, lines, is_quiet=settings.is_quiet)
        if not settings.is_quiet:
            from ..views.diagnostics_text import count

            number = len(sources.scripts)
            checked = f"{number} script{'s' if number > 1 else ''} checked"
            click.echo(f"{checked}: {count(diagnostics)}")
    return FAILED if has_errors(diagnostics) else DONE
