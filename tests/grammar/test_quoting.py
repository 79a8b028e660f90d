"""Texts to what a script writes and back."""

from csc.grammar.parser import parse
from csc.grammar.quoting import quote, quote_literal, quote_word, unquote
from hypothesis import example, given
from hypothesis import strategies as st

# No line end other than those that have an escape: a value ends with its line.
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


@given(TEXTS)
@example("$1")
@example("${var:x}")
@example("\\${var:x}")
@example("\\$1")
@example("a\\")
@example("\r\n")
def test_a_value_comes_back(text: str) -> None:
    read, parameters = unquote(quote(text))
    assert read == text
    assert not any(p.is_filled for p in parameters)
    assert unquote(quote_literal(text))[0] == text
    ((argument,),) = [c.arguments for c in parse(f"x A={quote(text)}").commands]
    assert (argument.name, argument.value) == ("A", text)


@given(TEXTS)
@example("-a")
@example("a=b")
@example("#")
def test_a_word_comes_back(text: str) -> None:
    ((argument,),) = [c.arguments for c in parse(f"x {quote_word(text)}").commands]
    assert argument.text == text


@given(st.lists(st.sampled_from([*'$12\\" a{}', "${var:", "${var:a}", "${env:"])).map("".join))
@example('${var:a"b}')
@example("${var:a\\}")
@example('$"{var:a}')
def test_parameters_come_back(raw: str) -> None:
    text, parameters = unquote(raw)
    assert unquote(quote(text, parameters)) == (text, parameters)


def test_quotes_only_where_they_are_needed() -> None:
    assert quote("file://a.der") == "file://a.der"
    assert quote("CN=a,O=#b") == "CN=a,O=#b"
    assert quote("") == '""'
    assert quote_word("plain") == "plain"
