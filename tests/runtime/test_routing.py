"""`--connect-to`: where messages go in place of where a script says."""

import pytest
from csc.runtime.routing import follow, parse_route

ROUTES = {
    ("ca:80:other:81", "ca", 80): ("other", 81),
    ("ca:443:other:8443", "ca", 443): ("other", 8443),
    ("ca:3076:127.0.0.1:9", "ca", 3076): ("127.0.0.1", 9),
    ("CA:3076:x:9", "ca", 3076): ("x", 9),
    ("ca:81:other:82", "ca", 80): ("ca", 80),
    ("other:80:x:1", "ca", 80): ("ca", 80),
    ("::127.0.0.1:9", "ca", 3076): ("127.0.0.1", 9),
    ("::127.0.0.1:", "ca", 3076): ("127.0.0.1", 3076),
    (":::9", "ca", 3076): ("ca", 9),
    ("[2001:DB8::1]:80:[::1]:9", "[2001:db8::1]", 80): ("[::1]", 9),
    (":::9", "[2001:db8::1]", 80): ("[2001:db8::1]", 9),
}


@pytest.mark.parametrize(("route", "host", "port"), ROUTES)
def test_route(route: str, host: str, port: int) -> None:
    assert follow([parse_route(route)], host, port) == ROUTES[route, host, port]


def test_first_route_that_fits() -> None:
    routes = [parse_route(text) for text in ("x:1:a:1", "ca:80:b:2", "::c:3")]
    assert follow(routes, "ca", 80) == ("b", 2)


@pytest.mark.parametrize("text", ["", "a:1:b", "a:x:b:1", "a:1:b:1:c", "2001:db8::1:80:a:1"])
def test_what_is_no_route(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT:HOST2:PORT2"):
        parse_route(text)


@pytest.mark.parametrize("text", ["a:1:b:65536", "a:0:b:1"])
def test_a_port_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="between 1 and 65535"):
        parse_route(text)
