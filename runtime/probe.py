"""A plan in; what its CAs say to it before anything is requested, as findings and facts, out.

CAs are asked side by side, within a total time. Nothing is written: no journal, no key, no state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from ..compiler import rules
from ..compiler.diagnostics import Diagnostic, Label, finding
from ..compiler.option_places import Place, Places
from ..compiler.plan import CmpOperation, Plan, Step
from .asking import Keeper
from .cmp.errors import CMPError, Rejected
from .probing.asking import Target, Way, ask
from .probing.facts import Facts
from .probing.judging import Wish, judge, judge_ca, judge_revocation
from .probing.refusals import judge_failure
from .probing.targets import NotYet, Unasked, targets_of, wish_of

# CAs that are asked at once: each waits for the network and little else.
AT_ONCE = 8
# After so long no CA is asked that has not been yet; one that is being asked has the transport's limit.
TOTAL = timedelta(seconds=60)
# Rules about a server as a whole: found many times, they are told once.
_OF_SERVERS = frozenset(
    {
        rules.CA_UNREACHABLE,
        rules.ANSWER_NOT_BELIEVED,
        rules.FOREIGN_CA_CERTS,
        rules.NEW_ROOT,
        rules.QUESTION_OPEN,
    }
)
_MOST_LABELS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A CA that was asked on behalf of some operations; `facts` is None where it gave none."""

    target: Target
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of asking, in the order of the plan."""

    findings: tuple[Diagnostic, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class _TimeOver:
    """In place of an answer: the total time had passed before the CA's turn came."""


_Outcome = Facts | CMPError | _TimeOver


def probe(
    plan: Plan, keeper: Keeper, way: Way, places: Places, *, total: timedelta = TOTAL
) -> Probe:
    """Ask each CA of the plan with each credential that the plan uses there, and judge the answers."""
    targets, unasked = targets_of(plan, keeper)
    deadline = way.clock() + total

    def ask_in_time(target: Target) -> _Outcome:
        if way.clock() > deadline:
            return _TimeOver()
        try:
            return ask(target, way)
        except CMPError as error:
            return error

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        outcomes = list(pool.map(ask_in_time, targets))
    told: dict[str, Facts] = {}
    for target, outcome in zip(targets, outcomes, strict=True):
        if isinstance(outcome, Facts):
            told.setdefault(target.server.address.reference, outcome)

    def wish(step: Step, operation: CmpOperation) -> Wish:
        return wish_of(operation, keeper, lambda name: places(step.span, name))

    found: dict[str, list[Diagnostic]] = {step.id: [] for step in plan.steps}
    for target, outcome in zip(targets, outcomes, strict=True):
        for number, (step, operation) in enumerate(target.steps):
            wanted = wish(step, operation)
            found[step.id] += _judge_outcome(outcome, wanted, told)
            if isinstance(outcome, Facts) and number == 0:
                found[step.id] += judge_ca(outcome, wanted, way.clock())
    asked_servers = {target.server.address.reference for target in targets}
    for item in unasked:
        wanted = wish(item.step, item.operation)
        found[item.step.id] += _judge_unasked(item, wanted, told, asked_servers)
    flat = [diagnostic for step in plan.steps for diagnostic in found[step.id]]
    return Probe(
        tuple(_told_once(flat)),
        tuple(
            Asked(target, outcome if isinstance(outcome, Facts) else None)
            for target, outcome in zip(targets, outcomes, strict=True)
        ),
    )


def _judge_outcome(
    outcome: _Outcome, wish: Wish, told: Mapping[str, Facts]
) -> Iterator[Diagnostic]:
    match outcome:
        case Facts():
            yield from judge(outcome, wish)
        case _TimeOver():
            yield _not_asked(wish, "the CAs before it have used up the time")
        case error:
            # The list that the CA gave to somebody else says more than its refusal.
            others = told.get(wish.server)
            listed: list[Diagnostic] = []
            if others is not None and isinstance(error, Rejected):
                listed += judge_revocation(others, wish)
            yield from listed or [judge_failure(error, wish)]


def _judge_unasked(
    item: Unasked, wish: Wish, told: Mapping[str, Facts], asked: set[str]
) -> Iterator[Diagnostic]:
    """What the CA has told others holds for an operation that cannot be asked for yet."""
    others = told.get(wish.server)
    if others is not None:
        yield from judge(others, wish)
    if not (isinstance(item.error, NotYet) and wish.server in asked):
        yield _not_asked(wish, f"{item.error}", help=item.error.way_out)


def _not_asked(wish: Wish, why: str, help: str | None = None) -> Diagnostic:  # noqa: A002
    return finding(
        rules.CA_NOT_ASKED,
        f"{wish.server} was not asked for {wish.operation.target.reference}",
        wish.where("password" if wish.operation.password else "clientcert"),
        why,
        help=help,
    )


def _told_once(found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings in their order; those about a server stand at the first place, and name some others."""
    places: dict[tuple[str, str], list[Place]] = {}
    for diagnostic in found:
        if diagnostic.rule in _OF_SERVERS:
            places.setdefault(_key(diagnostic), []).append(diagnostic.primary.span)
    for diagnostic in found:
        if diagnostic.rule not in _OF_SERVERS:
            yield diagnostic
        elif spans := places.pop(_key(diagnostic), None):
            more = tuple(dict.fromkeys(span for span in spans if span != spans[0]))
            labels = (Label(span, "so here") for span in more[:_MOST_LABELS])
            rest = len(more) - _MOST_LABELS
            notes = (f"and {rest} more commands",) if rest > 0 else ()
            yield replace(
                diagnostic,
                secondary=(*diagnostic.secondary, *labels),
                notes=(*diagnostic.notes, *notes),
            )


def _key(diagnostic: Diagnostic) -> tuple[str, str]:
    return (diagnostic.rule.code, diagnostic.message)
