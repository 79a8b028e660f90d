"""HTTP requests that are nearly right, as pieces to be written one after the other, out."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPRequestBuilder
from csc.runtime.sandbox.behaviour import USUAL
from csc.runtime.sandbox.http.admin_client import Admin
from csc.runtime.sandbox.switches import to_json
from fuzz.mutation import in_the_bytes, mutated
from peers.raw_http import post

PATHS = (
    "/",
    "/.well-known/cmp",
    "/.well-known/cmp/initialization",
    "/.well-known/cmp/p/default/initialization",
    "/.well-known/cmp/keyupdate",
    "/.well-known/cmp/nested",
    "/.well-known/cmp/p/tls-server",
    "/pkix/",
)
_LENGTHS = (b"0", b"1", b"-1", b"+5", b"1e3", b"0x10", b"99999999999999999999", b"4294967297", b"")
_LENGTHS += (b"18446744073709551616", b"1048577", b"5, 5", b"\xb2", b"007")
_TELLING = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\x00",
    b":",
    b" ",
    b"\t",
    b"\xff",
    b"%00",
    b"?",
    b"#",
)
_TELLING += (b"//", b"/../", b"%2f", b"HTTP/1.1", b",", b";", b'"', b"\xc3\x28", b"A" * 5000)
_FIELDS = (
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Content-Length: 5",
    b"Expect: 100-continue",
    b"Expect: 200-ok",
    b"Connection: close",
    b"Connection: keep-alive, upgrade",
    b"Upgrade: h2c",
    b"Host: other",
    b"If-None-Match: *",
    b'If-None-Match: "a", W/"b"',
    b"If-Modified-Since: Wed, 25 Nov 2026 12:00:00 GMT",
    b"If-Modified-Since: Wed, 25 Nov 9999999 12:00:00 +9999",
    b"If-Modified-Since: 1 Jan 1 0:0:0 -2359",
    b"Range: bytes=0-1",
    b" folded: yes",
    b"No-Colon",
    b"Origin: http://a.example",
    b"X: " + b"y" * 20000,
)


@dataclass(frozen=True)
class Pieces:
    """What is written on one connection; if it is `cut`, the client is gone then and takes no answer."""

    name: str
    pieces: tuple[bytes, ...]
    cut: bool = False


def chunked(target: str, body: bytes, chance: random.Random) -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: ca\r\nContent-Type: application/pkixcmp\r\n"
    made = [f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()]
    while body:
        size = chance.choice((1, 7, 100, 4096))
        part, body = body[:size], body[size:]
        made.append(f"{len(part):x}".encode() + b"\r\n" + part + b"\r\n")
    return b"".join((*made, b"0\r\n\r\n"))


def get(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: ca", *fields, "", ""]).encode()


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    builder = OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    return builder.build().public_bytes(Encoding.DER)


def ocsp(der: bytes, others: Sequence[bytes], chance: random.Random) -> Pieces:
    """A question about a certificate's status, mutated."""
    der = mutated(der, others, chance) if chance.random() < 0.9 else der
    if chance.random() < 0.5 or len(der) > 2000:
        head = f"POST /ocsp HTTP/1.1\r\nHost: ca\r\nContent-Length: {len(der)}\r\n"
        return Pieces(
            "ocsp", (f"{head}Content-Type: application/ocsp-request\r\n\r\n".encode() + der,)
        )
    text = base64.b64encode(der).decode()
    if chance.random() < 0.7:
        text = text.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
    return Pieces("ocsp", (get(f"/ocsp/{text}"),))


def plain(message: bytes, der: bytes, chance: random.Random) -> Pieces:
    """A request, or some, of which nothing or something is wrong as HTTP; the bodies are right."""
    wire = b"".join(_request(message, der, chance) for _ in range(chance.choice((1, 1, 1, 2, 5))))
    return broken("http", wire, chance)


def broken(name: str, wire: bytes, chance: random.Random) -> Pieces:
    for _ in range(chance.choice((0, 1, 1, 1, 2, 4))):
        wire = chance.choice(_MUTATIONS)(wire, chance)
    if not wire:
        return Pieces(name, (b"\r\n",))
    if chance.random() < 0.15:
        return Pieces(f"{name}, cut off", (wire[: chance.randrange(len(wire))],), cut=True)
    count = chance.choice((0, 0, 1, 2, 6))
    cuts = sorted(chance.randrange(len(wire)) for _ in range(count))
    ends = zip([0, *cuts], [*cuts, len(wire)], strict=True)
    return Pieces(name, tuple(wire[a:b] for a, b in ends if a < b))


def _request(message: bytes, der: bytes, chance: random.Random) -> bytes:
    target = chance.choice(PATHS)
    match chance.randrange(9):
        case 0 | 1:
            return post(target, message)
        case 2 | 3:
            return chunked(target, message, chance)
        case 4:
            return post(
                target, message, "Expect: 100-continue", version=chance.choice(("1.1", "1.0"))
            )
        case 5:
            name = chance.choice(
                ("issuing.crl", "root.crl", "issuing.pem", "none.crl", "chain.p7c")
            )
            place = chance.choice(("/crl/", "/ca/"))
            return get(place + name, method=chance.choice(("GET", "GET", "HEAD", "PUT")))
        case 6:
            return get(chance.choice(("*", "/", "http://ca/ca/root.cer")), method="OPTIONS")
        case 7:
            return get(f"/ocsp/{base64.b64encode(der).decode()}", 'If-None-Match: "a"')
        case _:
            fields = chance.sample(_FIELDS, 2)
            lines = [b"GET /crl/issuing.crl HTTP/1.1", b"Host: ca", *fields, b"", b""]
            return b"\r\n".join(lines)


# -- mutations -------------------------------------------------------------------------------------


def _byte(wire: bytes, chance: random.Random) -> bytes:
    head = wire[:400] or b"x"
    return in_the_bytes(head, (wire or b"x",), chance) + wire[400:]


def _insert(wire: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(min(len(wire), 400) + 1)
    return wire[:at] + chance.choice(_TELLING) + wire[at:]


def _lines(wire: bytes, chance: random.Random) -> bytes:
    """A line of the head taken out, doubled, moved, or one put in."""
    head, blank, body = wire.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines[at:at] = [lines[at]] * chance.choice((1, 2, 100))
        case 2:
            chance.shuffle(lines)
        case _:
            lines.insert(at + 1, chance.choice(_FIELDS))
    return b"\r\n".join(lines) + blank + body


def _length(wire: bytes, chance: random.Random) -> bytes:
    before, name, after = wire.partition(b"Content-Length: ")
    if not name:
        return _chunk(wire, chance)
    _, end, rest = after.partition(b"\r\n")
    return before + name + chance.choice(_LENGTHS) + end + rest


def _chunk(wire: bytes, chance: random.Random) -> bytes:
    """A line with a chunk's size, or what is like one, replaced."""
    lines = wire.split(b"\r\n")
    at = chance.randrange(len(lines))
    sizes = (b"0", b"ffffffff", b"1;a=b", b"-1", b"", b"1" * 300, b"fffff", b"0x5", b"2 ")
    lines[at] = chance.choice(sizes)
    return b"\r\n".join(lines)


def _first_line(wire: bytes, chance: random.Random) -> bytes:
    line, end, rest = wire.partition(b"\r\n")
    words = line.split(b" ")
    others = (b"", b"GET", b"BREW", b"*", b"/", b"//", b"http://", b"http:///ocsp", b"HTTP/2.0")
    others += (
        b"HTTP/1.9",
        b"/ocsp",
        b"/ocsp/" + b"A" * 3000,
        b"/ca/%ff",
        b"/.well-known/cmp/p/%00",
    )
    others += (b"/.well-known/cmp/p//initialization", b"/crl/../ledger.db", b"/ca/../../etc/passwd")
    words[chance.randrange(len(words))] = chance.choice(others)
    return b" ".join(words) + end + rest


_MUTATIONS = (_byte, _insert, _lines, _length, _first_line)


# -- the admin endpoint ----------------------------------------------------------------------------

_VALUES = (0, 1, -1, 2**31, 10**8, 10**400, 0.5, True, None, "", "badAlg", "no", [], {}, "\ud800")
_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"NaN",
    b'{"polls": NaN}',
    b'{"polls": 1e999}',
    b"\xff",
    b"{}",
)
_BODIES += (b"[" * 60000, b'{"a":' * 9000, b'{"polls": ' + b"9" * 5000 + b"}", b'{"\\u0000": 1}')
_BODIES += (b'{"key": "ec:p256"}', b'{"key": 5}', b'{"key": "\\ud800"}', b'{"delay": -0.0}')


def admin(reached: Admin, chance: random.Random, *, is_young: bool) -> Pieces:
    """A request to the admin endpoint, mostly by who has its token; the ledger of a CA that `is_young`."""
    method, path = chance.choice(
        (("GET", "/behaviour"), ("PATCH", "/behaviour"), ("PATCH", "/behaviour"), ("GET", "/ledger"),
         ("POST", "/roll-over"), ("POST", "/behaviour"), ("PATCH", "/"))
    )  # fmt: skip
    costs = {"/roll-over": 0.1, "/ledger": 1.0 if is_young else 0.0}
    if chance.random() >= costs.get(path, 1.0):
        path = "/behaviour"
    body = chance.choice(_BODIES)
    if chance.random() < 0.6:
        names = [*to_json(USUAL), "nothing", "\u202e"]
        count = chance.randrange(1, 4)
        given = {chance.choice(names): chance.choice(_VALUES) for _ in range(count)}
        body = json.dumps(given).encode()
    token = chance.choice((reached.token,) * 5 + ("", "x", "\u00e9"))
    head = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{reached.port}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    wire = "\r\n".join(head).encode("latin-1") + body
    if chance.random() < 0.5:
        return Pieces("admin", (wire,))
    return broken("admin", wire, chance)
