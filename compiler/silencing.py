"""Findings and their scripts in; what silences leave of them, and what is wrong with silences, out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from ..grammar.ast import Span
from ..grammar.script import Script
from . import rules
from .diagnostics import Applicability, Diagnostic, Edit, Fix, Rule, Severity, finding
from .silences import Name, Silence, read_silences, unknown

# What is wrong with a silence, no silence hides; settings do.
ABOUT_SILENCES = frozenset(
    {
        rules.UNUSED_SILENCE,
        rules.SILENCE_WITHOUT_REASON,
        rules.UNKNOWN_SILENCE,
        rules.VAIN_SILENCE,
        rules.MALFORMED_SILENCE,
    }
)
# Found or not found by what the device holds already: a silence of these may be needed elsewhere.
_BY_STATE = frozenset(
    {
        rules.PROBABLY_MISSPELT,
        rules.NO_CERTIFICATE,
        rules.KEY_LOST_AT_RESTART,
        rules.BOUND_NOT_ACTIVATED,
        rules.NOT_COMMITTED,
        rules.BOUND_WITHOUT_KEY,
        rules.UNCOMMITTED_CHANGES,
    }
)
# Never found when a script runs for the first time, or found only where a CA is asked.
_LATER = frozenset({rules.OBJECT_EXISTS}) | rules.OF_PROBES
# Silences by the file that they stand in, a rule that they name, and whether they act on the whole file.
_Named = dict[tuple[str, Rule, bool], list[tuple[Silence, Name]]]


def silenced(
    scripts: Sequence[Script], found: Iterable[Diagnostic], *, is_new_device: bool
) -> list[Diagnostic]:
    """What is left of `found`, and findings about the silences.

    Whether a silence is of use is judged only where no error is left, since an error hides what follows from
    it; and where the state has a say, only on a new device.
    """
    left = list(found)
    silences: list[Silence] = []
    faults: list[Diagnostic] = []
    for script in scripts:
        read, wrong = read_silences(script)
        silences += read
        faults += wrong
    if not silences:
        return left + faults
    used: set[Span] = set()
    named = _by_rule(silences)
    left = [d for d in left if not _is_silenced(d, named, used)]
    is_judged = not any(d.severity is Severity.ERROR for d in left)
    excused = _LATER if is_new_device else _LATER | _BY_STATE
    for silence in silences:
        faults += _faults(silence, used, excused, is_judged=is_judged)
    return left + faults


def not_silenced(scripts: Sequence[Script], found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What silences leave of findings that come after compiling; silences are not judged by these."""
    named = _by_rule([silence for script in scripts for silence in read_silences(script)[0]])
    return [d for d in found if not _is_silenced(d, named, set())]


def can_be_silenced(rule: Rule) -> bool:
    """Whether a comment may hide a finding of the rule."""
    return not rule.is_final and rule not in ABOUT_SILENCES


def _by_rule(silences: Iterable[Silence]) -> _Named:
    """The silences by what they act on, in order; one that names a rule twice stands there once."""
    named: _Named = {}
    for silence in silences:
        once = {name.rule: name for name in reversed(silence.names) if name.rule is not None}
        for rule, name in once.items():
            key = (silence.comment.span.file, rule, silence.is_file_wide)
            named.setdefault(key, []).append((silence, name))
    return named


def _is_silenced(found: Diagnostic, named: _Named, used: set[Span]) -> bool:
    """Whether a silence hides the finding; the name that does, or wants to, is noted in `used`."""
    if not can_be_silenced(found.rule):
        return False
    for silence, name in _acting(named, found):
        used.add(name.span)
        if silence.reason or not found.rule.needs_reason:
            return True
    return False


def _acting(named: _Named, found: Diagnostic) -> Iterator[tuple[Silence, Name]]:
    """Those that act on a finding: its command's own, then the file's, which need not hide what those do."""
    span = found.primary.span
    own = named.get((span.file, found.rule, False), [])
    end = start = bisect_right(own, span.line, key=lambda item: item[0].first)
    while start and own[start - 1][0].last >= span.line:
        start -= 1
    yield from own[start:end]
    yield from named.get((span.file, found.rule, True), [])


def _faults(
    silence: Silence, used: set[Span], excused: frozenset[Rule], *, is_judged: bool
) -> Iterable[Diagnostic]:
    unused: list[Name] = []
    unexplained: list[Name] = []
    for name in silence.names:
        if name.rule is None:
            yield unknown(name)
        elif not can_be_silenced(name.rule):
            yield _vain(name, name.rule)
        elif is_judged and name.span not in used and name.rule not in excused:
            unused.append(name)
        elif name.rule.needs_reason and not silence.reason:
            unexplained.append(name)
    if unexplained:
        yield _without_reason(silence, unexplained)
    if unused:
        yield _unused(silence, unused)


def _vain(name: Name, rule: Rule) -> Diagnostic:
    return finding(
        rules.VAIN_SILENCE,
        f"`{rule.name}` cannot be silenced",
        name.span,
        "has no effect",
        help="repair what it finds: after this error there is no plan"
        if rule.is_final
        else "repair the comment, or turn the rule off in csc.toml",
    )


def _without_reason(silence: Silence, names: Sequence[Name]) -> Diagnostic:
    return finding(
        rules.SILENCE_WITHOUT_REASON,
        f"to silence {_listed(names)}, say why",
        silence.comment.span,
        "without a reason it has no effect",
        help="write the reason behind the brackets: certificates or secrets are at stake",
    )


def _unused(silence: Silence, names: Sequence[Name]) -> Diagnostic:
    where = "in this file" if silence.is_file_wide else "in the command below"
    return finding(
        rules.UNUSED_SILENCE,
        f"there is no {_listed(names, 'or')} {where} to be silenced",
        silence.comment.span if len(names) == len(silence.names) else names[0].span,
        "silences nothing",
        help="leave it out",
        fix=_removal(silence, names),
    )


def _removal(silence: Silence, names: Sequence[Name]) -> Fix:
    """Take the names out, and the comment if none is left."""
    kept = [name.text for name in silence.names if name not in names]
    if kept:
        edit = Edit(silence.list, ", ".join(kept))
        return Fix("leave out what silences nothing", (edit,), Applicability.SAFE)
    return Fix("remove the comment", (Edit(silence.comment.span, ""),), Applicability.SAFE)


def _listed(names: Sequence[Name], word: str = "and") -> str:
    texts = [f"`{name.rule.name if name.rule else name.text}`" for name in names]
    return f" {word} ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
