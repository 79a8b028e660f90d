"""CMP over HTTPS: whom a server is taken for, and what it costs; with and without a proxy."""

import ssl

import pytest
from csc.runtime.cmp.errors import ConnectFailed, ProxyRefused, TlsFailed
from csc.runtime.cmp.transport import HttpTransport, TlsTrust
from peers.certificates import Issuer
from peers.hostile import Connection, after_request, answering, hostile, http_answer
from peers.proxy import proxying
from peers.tls import der, make_issuing_ca, make_tls_root, server_context

ROOT = make_tls_root("TLS root")
TRUST = TlsTrust(der(ROOT), uses_system=False)


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The TLS contexts that are made from now on."""
    made: list[object] = []
    make = ssl.SSLContext.__new__

    def count(cls: type[ssl.SSLContext], *arguments: object) -> ssl.SSLContext:
        context = make(cls, *arguments)  # pyright: ignore
        made.append(context)
        return context

    monkeypatch.setattr(ssl.SSLContext, "__new__", count)
    return made


@pytest.fixture
def system_roots(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Issuer:
    """A CA that this system trusts."""
    issuer = make_tls_root("System root")
    file = tmp_path / "roots.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(der(issuer)))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return issuer


def test_a_transaction_uses_one_connection_and_one_context(contexts: list[object]) -> None:
    server_side = server_context(ROOT, "127.0.0.1")
    with hostile(answering(bytes), server_side) as server, HttpTransport() as http:
        contexts.clear()
        for n in range(3):
            assert http.send(server.url, bytes([n]), TRUST) == bytes([n])
    assert len(contexts) == 1
    assert server.connections == 1


def test_plain_http_makes_no_context(contexts: list[object]) -> None:
    with hostile(answering(bytes)) as server, HttpTransport() as http:
        assert http.send(server.url, b"question") == b"question"
    assert contexts == []


@pytest.mark.parametrize("tls", [None, TlsTrust(None, uses_system=True)])
def test_the_systems_roots(system_roots: Issuer, tls: TlsTrust | None) -> None:
    with (
        hostile(answering(bytes), server_context(system_roots, "127.0.0.1")) as server,
        hostile(answering(bytes), server_context(ROOT, "127.0.0.1")) as foreign,
        HttpTransport() as http,
    ):
        assert http.send(server.url, b"question", tls) == b"question"
        with pytest.raises(TlsFailed):
            http.send(foreign.url, b"question", tls)


def test_the_ca_alone_is_not_the_system(system_roots: Issuer) -> None:
    with (
        hostile(answering(bytes), server_context(system_roots, "127.0.0.1")) as server,
        HttpTransport() as http,
        pytest.raises(TlsFailed),
    ):
        http.send(server.url, b"question", TRUST)


def test_either(system_roots: Issuer) -> None:
    either = TlsTrust(der(ROOT), uses_system=True)
    with HttpTransport() as http:
        for issuer in (system_roots, ROOT):
            with hostile(answering(bytes), server_context(issuer, "127.0.0.1")) as server:
                assert http.send(server.url, b"question", either) == b"question"


def test_the_ca_may_be_an_issuing_one() -> None:
    """Its own certificate is the anchor: no root above it is asked for."""
    issuing = make_issuing_ca("Issuing CA")
    with (
        hostile(answering(bytes), server_context(issuing, "127.0.0.1")) as server,
        HttpTransport() as http,
    ):
        trust = TlsTrust(der(issuing), uses_system=False)
        assert http.send(server.url, b"question", trust) == b"question"


def test_a_name_in_the_subject_alone_is_none() -> None:
    """RFC 9525 2."""
    with (
        hostile(answering(bytes), server_context(ROOT, common_name="ca.example")) as server,
        HttpTransport(connect_to=lambda host, port: ("127.0.0.1", server.port)) as http,
        pytest.raises(TlsFailed, match="mismatch"),
    ):
        http.send("https://ca.example/", b"question", TRUST)


def test_trust_in_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nothing is trusted"):
        TlsTrust(None, uses_system=False)


def test_a_ca_that_is_no_certificate() -> None:
    with HttpTransport() as http, pytest.raises(TlsFailed, match="a certificate in DER"):
        http.send("https://127.0.0.1:9/", b"question", TlsTrust(b"\x30\x00", uses_system=False))


def test_connections_are_not_shared_between_trusts() -> None:
    """What one CMPServer's CA vouches for is no answer for another's."""
    other = TlsTrust(der(make_tls_root("Other root")), uses_system=False)
    with (
        hostile(answering(bytes), server_context(ROOT, "127.0.0.1")) as server,
        HttpTransport() as http,
    ):
        assert http.send(server.url, b"question", TRUST) == b"question"
        with pytest.raises(TlsFailed):
            http.send(server.url, b"question", other)


def test_old_tls_is_refused() -> None:
    old = server_context(ROOT, "127.0.0.1")
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        hostile(answering(bytes), old) as server,
        HttpTransport() as http,
        pytest.raises(TlsFailed, match=r"expected a handshake of TLS 1\.2 or 1\.3"),
    ):
        http.send(server.url, b"question", TRUST)


def sni_seen(context: ssl.SSLContext) -> list[str | None]:
    seen: list[str | None] = []

    def note(_: object, name: str | None, __: object) -> None:
        seen.append(name)

    context.sni_callback = note
    return seen


def test_a_route_changes_the_connection_alone() -> None:
    """curl's --connect-to: SNI, the name in the certificate and Host stay the script's."""
    context = server_context(ROOT, "ca.example")
    seen = sni_seen(context)
    with (
        hostile(answering(bytes), context) as server,
        HttpTransport(connect_to=lambda host, port: ("127.0.0.1", server.port)) as http,
    ):
        assert http.send("https://ca.example/p", b"question", TRUST) == b"question"
        with pytest.raises(TlsFailed, match=r"certificate of other\.example is refused"):
            http.send("https://other.example/p", b"question", TRUST)
    assert seen == ["ca.example", "other.example"]
    assert [request.headers["host"] for request in server.requests] == ["ca.example"]


def test_an_ipv6_address_in_a_certificate() -> None:
    with (
        hostile(answering(bytes), server_context(ROOT, "::1")) as server,
        HttpTransport(connect_to=lambda host, port: ("127.0.0.1", server.port)) as http,
    ):
        assert http.send("https://[0::1]:8443/p", b"question", TRUST) == b"question"
    assert server.requests[0].headers["host"] == "[::1]:8443"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_through_a_proxy(scheme: str) -> None:
    tls = server_context(ROOT, "ca.example") if scheme == "https" else None
    with (
        hostile(answering(bytes), tls) as server,
        hostile(proxying(server.port)) as proxy,
        HttpTransport(
            environment={f"{scheme.upper()}_PROXY": f"http://me:s%40cret@127.0.0.1:{proxy.port}"}
        ) as http,
    ):
        for n in range(2):
            assert http.send(f"{scheme}://ca.example/a//b/../c", bytes([n]), TRUST) == bytes([n])
    assert {request.target for request in server.requests} == {"/a//b/../c"}
    asked = "http://ca.example/a//b/../c" if scheme == "http" else "ca.example:443"
    assert {request.target for request in proxy.requests} == {asked}
    assert {request.headers["proxy-authorization"] for request in proxy.requests} == {
        "Basic bWU6c0BjcmV0"
    }
    assert all("proxy-authorization" not in request.headers for request in server.requests)
    assert proxy.connections == 1


def test_an_ipv6_host_through_a_proxy() -> None:
    with (
        hostile(answering(bytes), server_context(ROOT, "2001:db8::1")) as server,
        hostile(proxying(server.port)) as proxy,
        HttpTransport(environment={"all_proxy": f"127.0.0.1:{proxy.port}"}) as http,
    ):
        assert http.send("https://[2001:db8::1]/", b"question", TRUST) == b"question"
    assert [request.target for request in proxy.requests] == ["[2001:db8::1]:443"]


@pytest.mark.parametrize("status", ["403 Forbidden", "407 Who are you\x1b[31m", "502 Bad Gateway"])
def test_a_proxy_that_refuses(status: str) -> None:
    """Nothing was sent, and nothing is tried again; the proxy's password is not told."""
    with (
        hostile(after_request(http_answer(b"no", status=status, kind=None))) as proxy,
        HttpTransport(environment={"HTTPS_PROXY": f"me:secret@127.0.0.1:{proxy.port}"}) as http,
        pytest.raises(ProxyRefused, match=f"by the proxy 127.0.0.1:{proxy.port}: ") as caught,
    ):
        http.send("https://ca.example/", b"question", TRUST)
    assert status[:3] in str(caught.value)
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)
    assert proxy.connections == 1


def test_a_certificate_is_checked_behind_a_proxy_too() -> None:
    with (
        hostile(answering(bytes), server_context(ROOT, "other.example")) as server,
        hostile(proxying(server.port)) as proxy,
        HttpTransport(environment={"HTTPS_PROXY": f"127.0.0.1:{proxy.port}"}) as http,
        pytest.raises(TlsFailed, match=r"certificate of ca\.example is refused"),
    ):
        http.send("https://ca.example/", b"question", TRUST)


def test_a_proxy_that_is_not_there() -> None:
    def gone(connection: Connection) -> None:
        del connection

    with hostile(gone) as proxy:
        port = proxy.port
    with (
        HttpTransport(environment={"HTTPS_PROXY": f"127.0.0.1:{port}"}, retries=0) as http,
        pytest.raises(ConnectFailed, match=f"by the proxy 127.0.0.1:{port}: "),
    ):
        http.send("https://ca.example/", b"question", TRUST)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://a b"])
def test_a_proxy_of_another_kind(proxy: str) -> None:
    with HttpTransport(environment={"http_proxy": proxy}) as http, pytest.raises(ProxyRefused):
        http.send("http://ca.example/", b"question")


def test_what_is_routed_goes_without_a_proxy() -> None:
    with (
        hostile(answering(bytes)) as server,
        HttpTransport(
            environment={"http_proxy": "http://127.0.0.1:1"},
            connect_to=lambda host, port: ("127.0.0.1", server.port),
        ) as http,
    ):
        assert http.send("http://ca.example/", b"question") == b"question"
