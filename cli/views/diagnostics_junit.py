"""Findings in, a JUnit report out: a test suite for each script, a test for each finding.

Errors and warnings are tests that failed, notes are tests that passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import click

from ...compiler.diagnostics import Diagnostic, Severity
from . import diagnostics_text
from .reported import errors_first, portable
from .source_text import Lines, printable


def render(diagnostics: Sequence[Diagnostic], lines: Lines) -> str:
    """The report. A script without findings is one test that passed, so that its suite is not empty."""
    by_file: dict[str, list[Diagnostic]] = {file: [] for file in lines}
    for diagnostic in errors_first(diagnostics):
        by_file.setdefault(diagnostic.primary.span.file, []).append(diagnostic)
    tests = sum(len(found) or 1 for found in by_file.values())
    out = ['<?xml version="1.0" encoding="UTF-8"?>']
    out.append(f'<testsuites name="csc" tests="{tests}" failures="{_failures(diagnostics)}">')
    for file, found in by_file.items():
        name = _attribute(portable(file))
        count = f'tests="{len(found) or 1}" failures="{_failures(found)}" errors="0" skipped="0"'
        out.append(f'  <testsuite name="{name}" {count} time="0">')
        out += [_failed(name, d, lines) for d in found]
        if not found:
            out.append(f'    <testcase classname="{name}" name="no findings" time="0"/>')
        out.append("  </testsuite>")
    out.append("</testsuites>")
    return "\n".join(out)


def _failures(found: Sequence[Diagnostic]) -> int:
    return sum(d.severity is not Severity.NOTE for d in found)


def _failed(file: str, diagnostic: Diagnostic, lines: Lines) -> str:
    span = diagnostic.primary.span
    rule = diagnostic.rule
    name = _attribute(f"{rule.code} {rule.name}, line {span.line}, column {span.column}")
    # The text for people holds nothing but printable characters and line ends: XML can carry it.
    text = escape(click.unstyle(diagnostics_text.render([diagnostic], lines)))
    head = f'message="{_attribute(diagnostic.message)}" type="{diagnostic.severity}"'
    return (
        f'    <testcase classname="{file}" name="{name}" time="0">\n'
        + (
            f"      <system-out>{text}</system-out>\n"
            if diagnostic.severity is Severity.NOTE
            else f"      <failure {head}>{text}</failure>\n"
        )
        + "    </testcase>"
    )


def _attribute(text: str) -> str:
    return escape(printable(text))
