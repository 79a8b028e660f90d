"""What a script says is told by its digest, and no secret can be guessed from it."""

import pytest
from csc.compiler.digest import script_digest
from csc.grammar.parser import parse

SECRET = frozenset({"Community"})


@pytest.mark.parametrize(
    "line",
    [
        "set Probe probe Community={}\n",
        'set Probe probe Community="{}"\n',
        'set Probe probe Comments="a b" Community={} Port=1\n',
        "set User user Password={}\n",
    ],
)
def test_secrets_are_in_no_digest(line: str) -> None:
    """The name tells it, or the schema that the user gave."""
    digests = {script_digest([parse(line.format(text))], secret=SECRET) for text in ("a", "b")}
    assert len(digests) == 1


def test_what_is_public_is_in_the_digest() -> None:
    """Also in a line that names a secret, and of a property whose name only holds a secret one."""
    lines = [
        "set Probe probe Community=x Port=1\n",
        "set Probe probe Community=x Port=2\n",
        "set Probe probe CommunityType=1\n",
        "set Probe probe CommunityType=2\n",
    ]
    assert len({script_digest([parse(line)], secret=SECRET) for line in lines}) == 4


def test_a_schema_without_such_secrets_changes_no_digest() -> None:
    """The digests in older states stay those of their scripts."""
    script = parse('set User user Password=x Comments="a b"\nset Device Name=a\n')
    assert script_digest([script], secret=frozenset({"Password"})) == script_digest([script])
