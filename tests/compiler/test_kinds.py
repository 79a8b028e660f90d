"""Values read alike by the compiler and by the libraries that use them later."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from cryptography import x509
from csc.compiler.kinds import Fault, is_distinguished_name, is_host, read_item
from csc.compiler.schema.model import Address, Boolean, Integer, Ports
from hypothesis import example, given
from hypothesis import strategies as st

PARTS = st.sampled_from(
    ["CN", "O", "UID", "OO", "cn", "2.5.4.3", "=", "=", ",", ",", "+", " ", "a", "é", "\\,", "\\", "#0c01",
     "#", '"', ";", "<", "\\41", "C", "DC", "x"]
)  # fmt: skip


@contextmanager
def suppress_matching(pattern: str) -> Generator[None]:
    try:
        yield
    except ValueError as error:
        if not re.search(pattern, str(error)):
            raise


@given(st.lists(PARTS, max_size=12).map("".join))
@example("CN=gw.example.com,O=Example")
@example("CN=a, O=b")
@example("CN=\\ a\\ ")
@example("CN=")
def test_a_name_that_validates_is_one_for_the_cmp_layer(text: str) -> None:
    """What `csc validate` lets pass, the library that makes the request can read."""
    if is_distinguished_name(text) and not text.startswith(("CN=#", "O=#")) and "=#" not in text:
        # The library also limits the length of some attributes; `plan` reports that.
        with suppress_matching(r"length"):
            x509.Name.from_rfc4514_string(text)


@given(
    st.lists(
        st.tuples(st.sampled_from(("CN", "O", "OU", "L", "ST", "DC", "UID")), st.text(min_size=1)),
        min_size=1,
        max_size=3,
    )
)
def test_every_name_that_the_cmp_layer_writes_validates(parts: list[tuple[str, str]]) -> None:
    names = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "L": "2.5.4.7", "ST": "2.5.4.8",
             "DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1"}  # fmt: skip
    try:
        attributes = [x509.NameAttribute(x509.ObjectIdentifier(names[n]), v) for n, v in parts]
    except ValueError:
        return
    written = x509.Name(attributes).rfc4514_string()
    if not any(ord(character) < 32 or character == "\x7f" for character in written):
        assert is_distinguished_name(written)


@pytest.mark.parametrize(
    "text", ["ca.example.com", "ca", "10.0.0.1", "::1", "xn--caf-dma.example", "a.b."]
)
def test_hosts(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text", ["", "-a", "a_b", "10.0.0", "fe80::1%eth0", "a b", "a..b", "ä.example"]
)
def test_no_hosts(text: str) -> None:
    assert not is_host(text)


@given(st.integers())
def test_integers(number: int) -> None:
    read = read_item(Integer(1, 65535), str(number))
    assert read == str(number) if 1 <= number <= 65535 else isinstance(read, Fault)


@given(st.ip_addresses(), st.ip_addresses())
def test_ranges(first: object, last: object) -> None:
    read = read_item(Address(), f"{first}-{last}")
    is_range = first.version == last.version and first <= last
    assert read == f"{first}-{last}" if is_range else isinstance(read, Fault)


@given(st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(v=6), st.integers(0, 140))
def test_networks(address: object, length: int) -> None:
    read = read_item(Address(), f"{address}/{length}")
    assert isinstance(read, str) == (length <= address.max_prefixlen)


def test_booleans_have_one_spelling() -> None:
    assert [read_item(Boolean(), text) for text in ("Yes", "true", "NO", "False")] == [
        "Yes", "Yes", "No", "No",
    ]  # fmt: skip


@given(st.integers(0, 70000), st.integers(0, 70000))
def test_ports(first: int, last: int) -> None:
    assert isinstance(read_item(Ports(), f"80,{first}-{last}"), str) == (first <= last <= 65535)
