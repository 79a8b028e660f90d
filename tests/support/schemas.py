"""The schemas of the documents for machines, as tests hold documents against them."""

import json
from typing import Any

from jsonschema import Draft202012Validator

from .command import REPOSITORY

SCHEMAS = REPOSITORY / "docs" / "schemas"


def closed(schema: Any) -> Any:
    """The schema with every key forbidden that it does not name: a new key has to be described first."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    is_object = schema.get("type") == "object" and "properties" in schema
    return {"additionalProperties": False, **inner} if is_object else inner


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(closed(json.loads((SCHEMAS / f"{name}.schema.json").read_text())))


def check(against: Draft202012Validator, document: object) -> None:
    assert not [f"{e.json_path}: {e.message}" for e in against.iter_errors(document)]
