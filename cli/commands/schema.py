"""`csc schema`: what is known of the object types."""

from __future__ import annotations

import json

import click

from ...compiler.suggest import did_you_mean
from .. import options
from ..exits import DONE, Failure
from ..schema_files import read_catalog
from ..views import schema_json, schema_text


@click.command("schema")
@click.argument("type_name", metavar="[TYPE]", required=False)
@options.schemas
@options.as_json
def command(*, type_name: str | None, schemas: tuple[str, ...], as_json: bool) -> int:
    """List the object types, or say what is known of TYPE: properties, kinds, who may refer to it."""
    catalog = read_catalog(schemas)
    if type_name is None:
        shown = list(catalog.types.values())
    elif type_name in catalog.types:
        shown = [catalog.types[type_name]]
    elif type_name in catalog.categories:
        shown = [catalog.types[name] for name in catalog.categories[type_name]]
    else:
        meant = did_you_mean(type_name, (*catalog.types, *catalog.categories))
        raise Failure(
            f"there is no object type {type_name}",
            f"did you mean {meant}?" if meant else "`csc schema` lists all that are known",
        )
    if as_json:
        click.echo(json.dumps(schema_json.document(catalog, shown), indent=2))
    elif len(shown) == 1:
        click.echo(schema_text.describe(catalog, shown[0]))
    else:
        click.echo(schema_text.overview(shown))
    return DONE
