"""`csc fmt`: scripts in their canonical layout."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ...compiler.characters import check_line_ends
from ...compiler.diagnostics import Diagnostic
from ...compiler.syntax import syntax_finding
from ...grammar.formatting import WIDTH, format_for_device, format_script
from .. import findings
from ..exits import DONE, FAILED
from ..files import replace_text
from ..scripts import BOM, STDIN, read_sources, scripts_below
from ..settings import Settings
from ..views.source_text import masked_lines, printable


@click.command("fmt")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a script would change.")
@click.option("--diff", "show_diff", is_flag=True, help="As --check, and print what would change.")
@click.option("--device", "for_device", is_flag=True, help="One command a line, never folded.")
@click.option(
    "--width",
    type=click.IntRange(min=40),
    default=WIDTH,
    show_default=True,
    help="Fold commands that are longer.",
)
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    paths: tuple[str, ...],
    check: bool,
    show_diff: bool,
    for_device: bool,
    width: int,
) -> int:
    """Lay out scripts: PATH is a file, `-` for standard input, or a folder with *.cfg and *.sgs files."""
    is_dry = check or show_diff
    changed: list[str] = []
    problems: list[Diagnostic] = []
    unchanged = wrong = 0
    for path in scripts_below(paths):
        sources = read_sources((path,), ())
        script = sources.scripts[0]
        malformed = map(syntax_finding, script.problems)
        found = sources.findings or (*malformed, *check_line_ends(script))
        if found:
            click.echo(findings.render("text", found, masked_lines(sources.scripts)), err=True)
            problems += found
            wrong += 1
            continue
        layout = format_for_device(script) if for_device else format_script(script, width)
        if layout == script.text and not sources.has_mark(script):
            unchanged += 1
        else:
            changed.append(script.file)
            if path != STDIN and not is_dry:
                replace_text(Path(path), layout)
        if path == STDIN and not is_dry:
            # Scripts are UTF-8, whatever the terminal's encoding is.
            sys.stdout.buffer.write(layout.encode())
        if show_diff:
            from ..views.script_diff import diff

            mark = BOM if sources.has_mark(script) else ""
            click.echo(diff(script, layout, mark), nl=False)
    if not settings.is_quiet:
        findings.point_to_pages(problems)
        _summarize(changed, unchanged, wrong, is_dry=is_dry)
    return FAILED if wrong or (changed and is_dry) else DONE


def _summarize(changed: list[str], unchanged: int, wrong: int, *, is_dry: bool) -> None:
    """What was done, on stderr."""
    if is_dry:
        for file in changed:
            click.echo(f"would be laid out: {printable(file)}", err=True)
    counts = {
        "would be laid out" if is_dry else "laid out": len(changed),
        "unchanged": unchanged,
        "not laid out, for they have errors": wrong,
    }
    parts = [f"{n} script{'s' if n > 1 else ''} {what}" for what, n in counts.items() if n]
    click.echo(", ".join(parts) or "no scripts found", err=True)
