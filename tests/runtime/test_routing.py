"""`--connect-to`: where messages go in place of where a script says."""

import pytest
from csc.runtime.routing import follow, parse_route

ROUTES = {
    ("ca:80:other:81", "http://ca/cmp/"): "http://other:81/cmp/",
    ("ca:3076:127.0.0.1:9", "http://ca:3076/cmp/"): "http://127.0.0.1:9/cmp/",
    ("CA:3076:x:9", "http://ca:3076/"): "http://x:9/",
    ("ca:81:other:82", "http://ca/cmp/"): "http://ca/cmp/",
    ("other:80:x:1", "http://ca/"): "http://ca/",
    ("::127.0.0.1:9", "http://ca:3076/p"): "http://127.0.0.1:9/p",
    ("::127.0.0.1:", "http://ca:3076/p"): "http://127.0.0.1:3076/p",
    (":::9", "http://ca:3076/p"): "http://ca:9/p",
    ("[2001:db8::1]:80:[::1]:9", "http://[2001:db8::1]:80/"): "http://[::1]:9/",
    (":::9", "http://[2001:db8::1]:80/"): "http://[2001:db8::1]:9/",
}


@pytest.mark.parametrize(("route", "url"), ROUTES)
def test_route(route: str, url: str) -> None:
    assert follow([parse_route(route)], url) == ROUTES[route, url]


def test_first_route_that_fits() -> None:
    routes = [parse_route(text) for text in ("x:1:a:1", "ca:80:b:2", "::c:3")]
    assert follow(routes, "http://ca/") == "http://b:2/"


@pytest.mark.parametrize("text", ["", "a:1:b", "a:x:b:1", "a:1:b:1:c", "2001:db8::1:80:a:1"])
def test_what_is_no_route(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT:HOST2:PORT2"):
        parse_route(text)
