"""`csc explain`: what a finding means, and what to do about it."""

from __future__ import annotations

import json

import click

from ...compiler.rules import RULES, find_rule
from ...compiler.rules.page import read_page
from ...compiler.suggest import did_you_mean
from .. import options
from ..exits import DONE, USAGE, Failure
from ..views import rules_json, rules_text


@click.command("explain")
@click.argument("word", metavar="[CODE|NAME]", required=False)
@options.as_json
def command(*, word: str | None, as_json: bool) -> int:
    """List the rules, or say of one what it finds, why that matters, and what is right instead."""
    rule = None if word is None else find_rule(word)
    if word is not None and rule is None:
        meant = did_you_mean(word, [known for r in RULES for known in (r.code, r.name)])
        raise Failure(
            f"there is no rule {word}",
            f"did you mean {meant}?" if meant else "`csc explain` lists them all",
            USAGE,
        )
    if as_json:
        click.echo(json.dumps(rules_json.document([rule] if rule else RULES), indent=2))
    elif rule:
        click.echo(rules_text.page(rule, read_page(rule)))
    else:
        click.echo(rules_text.overview(RULES))
    return DONE
