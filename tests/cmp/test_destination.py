"""URLs as they are configured in, request lines out: nothing is normalised."""

import pytest
from csc.runtime.cmp.errors import ConnectFailed
from csc.runtime.cmp.http.destination import Destination, is_loopback, parse_url
from csc.runtime.cmp.http.proxies import Proxy, proxy_for
from csc.runtime.cmp.transport import HttpTransport
from hypothesis import given
from hypothesis import strategies as st
from peers.hostile import answering, hostile

TARGETS = {
    "": "/",
    "/": "/",
    "/.well-known/cmp": "/.well-known/cmp",
    "/.well-known/cmp/p/ca one": "/.well-known/cmp/p/ca%20one",
    "//pkix//": "//pkix//",
    "/a/../b/./c/..": "/a/../b/./c/..",
    "/%2e%2E/%2F": "/%2e%2E/%2F",
    "/100%": "/100%25",
    "/%zz%4": "/%25zz%254",
    "/grün/☃": "/gr%C3%BCn/%E2%98%83",
    "/a?b=c&d?": "/a?b=c&d?",
    "/a#b": "/a%23b",
    "?a": "/?a",
    '/a\\b|c^d`e"<>{}[]': "/a%5Cb%7Cc%5Ed%60e%22%3C%3E%7B%7D%5B%5D",
    "/a\r\nHost: x\t": "/a%0D%0AHost:%20x%09",
    "/a:b@c;d=e,f!$&'()*+~": "/a:b@c;d=e,f!$&'()*+~",
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_path_goes_out_as_it_is_configured(target: str) -> None:
    with hostile(answering(bytes)) as server, HttpTransport() as http:
        http.send(f"http://127.0.0.1:{server.port}{target}", b"question")
    assert [request.target for request in server.requests] == [TARGETS[target]]


HOSTS = {
    "http://ca.example/": ("ca.example", 80, "ca.example"),
    "HTTPS://CA.Example": ("ca.example", 443, "ca.example"),
    "http://ca.example:80/": ("ca.example", 80, "ca.example"),
    "http://ca.example:443/": ("ca.example", 443, "ca.example:443"),
    "https://ca.example:8443/": ("ca.example", 8443, "ca.example:8443"),
    "http://[2001:DB8::0:1]:8080/": ("[2001:db8::1]", 8080, "[2001:db8::1]:8080"),
    "http://[::ffff:192.0.2.1]/": ("[::ffff:192.0.2.1]", 80, "[::ffff:192.0.2.1]"),
    "http://bücher.example/": ("xn--bcher-kva.example", 80, "xn--bcher-kva.example"),
    "http://my_ca/": ("my_ca", 80, "my_ca"),
}


@pytest.mark.parametrize("url", HOSTS)
def test_a_host(url: str) -> None:
    destination = parse_url(url)
    assert (destination.host, destination.port, destination.authority) == HOSTS[url]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ca.example",
        "ftp://ca.example/",
        "http:/ca.example/",
        "http://",
        "http:///path",
        "http://:80/",
        "http://ca.example:/",
        "http://ca.example:0/",
        "http://ca.example:65536/",
        "http://ca.example:x/",
        "http://user:secret@ca.example/",
        "http://2001:db8::1/",
        "http://[::1/",
        "http://[::1::2]/",
        "http://[::1%25eth0]/",
        "http://a b/",
        "http://a%20b/",
        "http://a\x00b/",
        "http://\u2028/",
        "http://\ud800/",
        "http://ca.example/\ud800",
        "http://" + "ü" * 99 + "/",
    ],
)
def test_what_is_no_url(url: str) -> None:
    with HttpTransport() as http, pytest.raises(ConnectFailed, match="is no URL") as caught:
        http.send(url, b"question")
    assert "secret" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b", ".", "-", "a" * 300])
def test_a_host_that_no_resolver_takes(host: str) -> None:
    with HttpTransport(retries=0) as http, pytest.raises(ConnectFailed):
        http.send(f"http://{host}/", b"question")


@given(st.text())
def test_any_text_is_a_url_or_is_refused(text: str) -> None:
    try:
        destination = parse_url(f"http://ca{text}")
    except ValueError:
        return
    assert destination.target.isascii()
    assert destination.target.isprintable()
    assert " " not in destination.target
    assert destination.authority.isascii()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "ca.localhost", "127.0.0.1", "127.9.9.9", "[::1]"]
)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["ca.example", "localhost.example", "128.0.0.1", "[::2]"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


CA = Destination("http", "ca.example", 80, "/")
ONE = Proxy("proxy", 8080)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"http_proxy": "http://proxy:8080"}, ONE),
        ({"HTTP_PROXY": "http://proxy:8080/"}, ONE),
        ({"HTTP_PROXY": "proxy:8080"}, ONE),
        ({"http_proxy": "http://proxy"}, Proxy("proxy", 80)),
        ({"http_proxy": "http://[::1]:8080"}, Proxy("[::1]", 8080)),
        ({"http_proxy": "http://u:p%3A@proxy:8080"}, Proxy("proxy", 8080, ("u", "p:"))),
        ({"http_proxy": "proxy:8080", "HTTP_PROXY": "other:1"}, ONE),
        ({"http_proxy": "", "ALL_PROXY": "proxy:8080"}, ONE),
        ({"https_proxy": "proxy:8080"}, None),
        ({"HTTP_PROXY": "proxy:8080", "REQUEST_METHOD": "GET"}, None),
    ],
)
def test_the_proxy_of_the_environment(environment: dict[str, str], expected: Proxy | None) -> None:
    assert proxy_for(CA, environment) == expected
    assert "p:" not in repr(expected)


@pytest.mark.parametrize(
    ("host", "exempt", "is_exempt"),
    [
        ("ca.example", "*", True),
        ("ca.example", "other, ca.example", True),
        ("ca.example", "example", True),
        ("ca.example", ".example", True),
        ("ca.example", "*.example", True),
        ("ca.example.", "CA.EXAMPLE", True),
        ("ca.example", "a.example", False),
        ("ca.example", "xample", False),
        ("ca.example", "ca.example:80", True),
        ("ca.example", "ca.example:81", False),
        ("192.0.2.7", "192.0.2.0/24", True),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.3.7", "192.0.2.0/24", False),
        ("[2001:db8::7]", "2001:db8::/32", True),
        ("[2001:db8::7]", "[2001:db8::7]:80", True),
        ("[2001:db8::7]", "[2001:db8::8]", False),
        ("localhost", "", True),
        ("127.0.0.1", "", True),
        ("[::1]", "", True),
    ],
)
def test_no_proxy(host: str, exempt: str, *, is_exempt: bool) -> None:
    environment = {"http_proxy": "http://proxy:8080", "NO_PROXY": exempt}
    destination = Destination("http", host, 80, "/")
    assert proxy_for(destination, environment) == (None if is_exempt else ONE)
