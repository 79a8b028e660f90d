"""Which findings are shown, and how much they weigh: a policy and findings in, findings out.

A policy acts before it is decided whether there is a plan. What is final (see `Rule`) it leaves as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from ..grammar.frozen import frozen
from . import rules
from .diagnostics import Diagnostic, Rule, Severity
from .suggest import did_you_mean

ALL = "ALL"
# Every rule by what people may call it.
RULE_OF: dict[str, Rule] = {word: rule for rule in rules.RULES for word in (rule.code, rule.name)}


@frozen
class Policy:
    """What `csc.toml` and the command line say of findings.

    `select`, `ignore` and the values of `by_file`, whose keys are files, hold selectors: a rule's code or
    name, the beginning of codes such as `CSC3`, or `ALL`. `severities` go by code.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    by_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@frozen
class Mistake:
    """What is wrong with a word of a policy, and the way out."""

    message: str
    way_out: str


def under_policy(policy: Policy, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings that the policy shows, with the severities that it gives them."""
    return [
        replace(d, severity=severity) if severity is not d.severity else d
        for d in found
        if d.rule.is_final or _is_shown(policy, d)
        for severity in (_severity(policy, d),)
    ]


def _severity(policy: Policy, found: Diagnostic) -> Severity:
    return (
        found.severity
        if found.rule.is_final
        else policy.severities.get(found.rule.code, found.severity)
    )


def _is_shown(policy: Policy, found: Diagnostic) -> bool:
    """The more exact of `select` and `ignore` decides, and `ignore` where both are as exact."""
    of_file = policy.by_file.get(found.primary.span.file, ())
    if _exactness(of_file, found.rule) >= 0:
        return False
    return _exactness(policy.select, found.rule) > _exactness(policy.ignore, found.rule)


def _exactness(selectors: Iterable[str], rule: Rule) -> int:
    """How exactly the best of the selectors names the rule; -1 if none does."""
    return max((_fit(selector, rule) for selector in selectors), default=-1)


def _fit(selector: str, rule: Rule) -> int:
    if selector == ALL:
        return 0
    if selector == rule.name:
        return len(rule.code)
    return len(selector) if rule.code.startswith(selector) else -1


# -- what may stand in a policy --------------------------------------------------------------------


def selector_mistake(selector: str) -> Mistake | None:
    """What is wrong with a selector."""
    if selector in RULE_OF or selector == ALL:
        return None
    if selector and any(rule.code.startswith(selector) for rule in RULE_OF.values()):
        return None
    meant = did_you_mean(selector, (*RULE_OF, ALL))
    way_out = "write a rule's name or code, the beginning of codes such as CSC3, or ALL"
    return Mistake(f"there is no rule `{selector}`", _did_you_mean(meant) or way_out)


def ignored_mistake(selector: str) -> Mistake | None:
    """What is wrong with a selector of rules to be ignored; one that names a final rule is void."""
    rule = RULE_OF.get(selector)
    if rule is not None and rule.is_final:
        return Mistake(f"`{selector}` cannot be ignored", _FINAL)
    return selector_mistake(selector)


def severity_mistake(word: str, severity: str) -> Mistake | None:
    """What is wrong with a severity given to the rule that `word` names."""
    rule = RULE_OF.get(word)
    if rule is None:
        way_out = _did_you_mean(did_you_mean(word, RULE_OF)) or "write a rule's name or code"
        return Mistake(f"there is no rule `{word}`", way_out)
    if severity not in tuple(Severity):
        meant = did_you_mean(severity, tuple(Severity))
        way_out = _did_you_mean(meant) or "write error, warning or note"
        return Mistake(f"there is no severity `{severity}`", way_out)
    if rule.is_final and severity != rule.severity:
        return Mistake(f"`{word}` is always an error", _FINAL)
    return None


def _did_you_mean(meant: str | None) -> str | None:
    return f"did you mean `{meant}`?" if meant else None


_FINAL = "there is no plan after it; docs/silencing.md says which errors are of this kind"


# -- as JSON ---------------------------------------------------------------------------------------


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """The policy as a document."""
    return {
        "select": list(policy.select),
        "ignore": list(policy.ignore),
        "severity": {code: severity.value for code, severity in policy.severities.items()},
        "per-file-ignores": {file: list(words) for file, words in policy.by_file.items()},
    }


def policy_from_json(document: Mapping[str, Any]) -> Policy:
    """The inverse of `policy_to_json`."""
    return Policy(
        tuple(map(str, document["select"])),
        tuple(map(str, document["ignore"])),
        {str(code): Severity(severity) for code, severity in document["severity"].items()},
        {str(file): tuple(map(str, words)) for file, words in document["per-file-ignores"].items()},
    )
