"""What the CA on BouncyCastle does and openssl's client cannot ask for, in messages put together here.

PBMAC1 (RFC 9481 6.1.2), general messages (RFC 9483 4.3), delayed delivery (RFC 9483 4.4).
"""

import hashlib
import hmac
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import encode_message, encode_protected_part
from csc.runtime.cmp.model import AlgorithmIdentifier, PKIHeader
from peers.bouncycastle import bouncycastle_server, needs_bouncycastle
from peers.certificates import name
from peers.der import Node, nodes, wrap
from peers.fake_ca import PKI_CONF

pytestmark = needs_bouncycastle

OPTIONS = ("--secret", "3078:open sesame")
SECRET = b"open sesame"
PBMAC1 = "1.2.840.113549.1.5.14"
PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
HMAC = {"sha256": "06082a864886f70d0209", "sha512": "06082a864886f70d020b"}
GENM, GENP, ERROR, POLL_REQ, POLL_REP = (0xA0 | tag for tag in (21, 22, 23, 25, 26))
GRANTED_WAITING = 3


def id_it(number: int) -> bytes:
    return bytes.fromhex("06082b06010505070400")[:-1] + bytes([number])


def question(number: int, *value: bytes) -> bytes:
    """genm with one InfoTypeAndValue."""
    return wrap(GENM, wrap(0x30, wrap(0x30, id_it(number), *value)))


def post(port: int, message: bytes) -> bytes:
    """RFC 9811: what answers `message`."""
    media_type = {"Content-Type": "application/pkixcmp"}
    call = urllib.request.Request(f"http://127.0.0.1:{port}/", message, media_type)
    with urllib.request.urlopen(call, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "application/pkixcmp"
        return answer.read()


@dataclass
class Talk:
    """A transaction with PBMAC1: what it sends and takes, with the nonces."""

    port: int
    hash: str = "sha256"
    pvno: int = 3
    transaction_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    nonces: list[bytes] = field(default_factory=list)
    theirs: bytes | None = None

    def parameters(self, salt: bytes, iterations: int = 1000) -> bytes:
        prf = wrap(0x30, bytes.fromhex(HMAC[self.hash]), b"\x05\x00")
        kdf = wrap(
            0x30, wrap(4, salt), wrap(2, iterations.to_bytes(2, "big")), wrap(2, b"\x20"), prf
        )
        return wrap(0x30, wrap(0x30, PBKDF2, kdf), prf)

    def mac(self, parameters: Node, part: bytes, secret: bytes) -> bytes:
        salt, iterations, length, prf = nodes(parameters[0][1].content)
        assert prf[0].der.hex() == parameters[1][0].der.hex() == HMAC[self.hash]
        rounds = int.from_bytes(iterations.content, "big")
        size = int.from_bytes(length.content, "big")
        key = hashlib.pbkdf2_hmac(self.hash, secret, salt.content, rounds, size)
        return hmac.digest(key, part, self.hash)

    def send(self, body: bytes, *, secret: bytes = SECRET, **fields: object) -> Node:
        """The PKIMessage that answers."""
        self.nonces.append(secrets.token_bytes(16))
        parameters = self.parameters(secrets.token_bytes(16))
        values: dict[str, object] = {
            "pvno": self.pvno,
            "sender": name("fw1"),
            "recipient": name("CA"),
            "message_time": datetime.now(UTC).replace(microsecond=0),
            "protection_alg": AlgorithmIdentifier(PBMAC1, parameters),
            "sender_kid": b"3078",
            "transaction_id": self.transaction_id,
            "sender_nonce": self.nonces[-1],
            "recip_nonce": self.theirs,
        }
        header = PKIHeader(**{**values, **fields})  # pyright: ignore[reportArgumentType]
        first = nodes(encode_protected_part(header, PKI_CONF))[0][0].der
        part = wrap(0x30, first, body)
        message = encode_message(part, self.mac(nodes(parameters)[0], part, secret), ())
        return nodes(post(self.port, message))[0]

    def ask(self, body: bytes, **fields: object) -> Node:
        """The body that answers, after its MAC and its header are verified."""
        answer = self.send(body, **fields)
        header, content, protection = nodes(answer.content)[:3]
        algorithm = option(header, 1)
        assert algorithm is not None
        part = wrap(0x30, header.der, content.der)
        assert protection[0].content[1:] == self.mac(algorithm[1], part, SECRET)
        assert header[0].content == bytes([self.pvno])
        assert octets(header, 4) == self.transaction_id
        self.theirs = octets(header, 5)
        assert len(self.theirs) == 16
        assert octets(header, 6) == (self.nonces[0] if content.tag == GENP else self.nonces[-1])
        return content


def option(header: Node, number: int) -> Node | None:
    for node in nodes(header.content)[3:]:  # after pvno, sender, recipient
        if node.tag == 0xA0 | number:
            return node[0]
    return None


def octets(header: Node, number: int) -> bytes:
    found = option(header, number)
    assert found is not None
    return found.content


def value(body: Node, number: int) -> Node | None:
    """The value of the one InfoTypeAndValue in a genp, or None where it has none."""
    assert body.tag == GENP
    (info,) = nodes(body[0].content)
    assert info[0].der == id_it(number)
    return info[1] if len(info) == 2 else None


def failure(answer: Node) -> int:
    """The only bit of PKIFailureInfo in an error."""
    assert answer[1].tag == ERROR
    bits = answer[1][0][0][2].content[1:]
    (bit,) = [i for i in range(len(bits) * 8) if bits[i // 8] >> (7 - i % 8) & 1]
    return bit


def certificate(node: Node) -> x509.Certificate:
    return x509.load_der_x509_certificate(node.der)


def pem(folder: Path, stem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{stem}.pem").read_bytes())


@pytest.mark.parametrize("pvno", [2, 3])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_pbmac1_and_ca_certificates(tmp_path: Path, digest: str, pvno: int) -> None:
    with bouncycastle_server(tmp_path, *OPTIONS, "--intermediate") as port:
        found = value(Talk(port, digest, pvno).ask(question(17)), 17)
        assert found is not None
    assert [certificate(node) for node in nodes(found.content)] == [
        pem(tmp_path, "issuer"),
        pem(tmp_path, "root"),
    ]


def test_headers_that_are_wrong(tmp_path: Path) -> None:
    body = question(17)
    with bouncycastle_server(tmp_path, *OPTIONS) as port:
        assert failure(Talk(port).send(body, secret=b"open barley")) == 1  # badMessageCheck
        assert failure(Talk(port).send(body, sender_nonce=b"short")) == 18  # badSenderNonce
        assert failure(Talk(port).send(body, transaction_id=None)) == 5  # badDataFormat
        assert failure(Talk(port).send(body, pvno=4)) == 22  # unsupportedVersion
        late = datetime(2000, 1, 1, tzinfo=UTC)
        assert failure(Talk(port).send(body, message_time=late)) == 3  # badTime
        unknown = wrap(POLL_REQ, wrap(0x30, wrap(0x30, wrap(2, b"\0"))))
        assert failure(Talk(port).send(unknown)) == 2  # badRequest
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(port, b"0")


def test_a_new_root(tmp_path: Path) -> None:
    with bouncycastle_server(tmp_path, *OPTIONS, "--root-update") as port:
        old, new = pem(tmp_path, "root"), pem(tmp_path, "new-root")
        found = value(Talk(port).ask(question(20, old.public_bytes(Encoding.DER))), 18)
        assert found is not None
        assert value(Talk(port).ask(question(20, new.public_bytes(Encoding.DER))), 18) is None
    assert [node.tag for node in nodes(found.content)] == [0x30, 0xA0, 0xA1]
    new_with_new, new_with_old, old_with_new = (
        certificate(node) for node in (found[0], found[1][0], found[2][0])
    )
    assert new_with_new == new
    new_with_old.verify_directly_issued_by(old)
    assert new_with_old.public_key() == new.public_key()
    old_with_new.verify_directly_issued_by(new)
    assert old_with_new.public_key() == old.public_key()


def test_no_new_root(tmp_path: Path) -> None:
    with bouncycastle_server(tmp_path, *OPTIONS) as port:
        assert value(Talk(port).ask(question(20)), 18) is None


def test_template_crls_and_what_is_unknown(tmp_path: Path) -> None:
    with bouncycastle_server(tmp_path, *OPTIONS) as port:
        found = value(Talk(port).ask(question(19)), 19)
        assert found is not None
        template, key_spec = nodes(found.content)
        assert [node.tag for node in nodes(template.content)] == [0xA5, 0xA9]
        assert [node[0].der[-1] for node in nodes(key_spec.content)] == [11, 12]

        # CRLStatus: source [1] issuer GeneralNames, and thisUpdate.
        root = pem(tmp_path, "root")
        names = wrap(0x30, wrap(0xA4, root.subject.public_bytes()))
        source = wrap(0xA1, names)
        found = value(Talk(port).ask(question(22, wrap(0x30, wrap(0x30, source)))), 23)
        assert found is not None
        crl = x509.load_der_x509_crl(found[0].der)
        assert crl.issuer == root.subject
        assert crl.is_signature_valid(root.public_key())  # pyright: ignore[reportArgumentType]
        update = wrap(0x17, crl.last_update_utc.strftime("%y%m%d%H%M%SZ").encode())
        known = wrap(0x30, wrap(0x30, source, update))
        assert value(Talk(port).ask(question(22, known)), 23) is None

        unsupported = value(Talk(port).ask(question(99)), 7)
        assert unsupported is not None
        assert unsupported[0].der == id_it(99)


def test_delayed_delivery(tmp_path: Path) -> None:
    """The late answer mirrors the nonce of the request, not that of the last pollReq (RFC 9483 3.1)."""
    options = ("--poll-error", "1", "--check-after", "7")
    poll = wrap(POLL_REQ, wrap(0x30, wrap(0x30, b"\x02\x01\xff")))
    with bouncycastle_server(tmp_path, *OPTIONS, *options) as port:
        talk = Talk(port)
        error = talk.ask(question(17))
        assert error.tag == ERROR
        assert error[0][0][0].content == bytes([GRANTED_WAITING])
        wait = talk.ask(poll)
        assert wait.tag == POLL_REP
        assert [node.content for node in nodes(wait[0][0].content)][:2] == [b"\xff", b"\x07"]
        assert value(talk.ask(poll), 17) is not None
        assert failure(talk.send(poll)) == 2  # badRequest: the transaction is over
