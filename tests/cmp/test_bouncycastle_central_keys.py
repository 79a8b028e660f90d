"""The CA on BouncyCastle makes keys for its requesters (RFC 9483 4.1.6), and openssl opens the envelopes.

The request is ours, since openssl's client cannot ask for that; what comes back is taken apart by its tags.
"""

import secrets
import subprocess
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from csc.runtime.cmp.codec import encode_cert_request
from csc.runtime.cmp.model import (
    BodyType,
    CertReqMessages,
    CertReqMsg,
    CertTemplate,
    PKIBody,
    PKIHeader,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import (
    Credential,
    PasswordCredential,
    SignatureCredential,
    protect,
)
from peers.bouncycastle import bouncycastle_server, needs_bouncycastle
from peers.certificates import name
from peers.der import Node, nodes, wrap
from peers.openssl import client, needs_openssl

pytestmark = [needs_openssl, needs_bouncycastle]

SECRET = PasswordCredential(b"3078", b"open sesame")
OPTIONS = ("--secret", "3078:open sesame", "--central-keys", "--intermediate")
ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def content_info(kind: bytes, content: bytes) -> bytes:
    return wrap(0x30, kind + wrap(0xA0, content))


def ask(port: int, credential: Credential, public_key: bytes | None = None) -> Node:
    """The CertifiedKeyPair that answers an ir without a key."""
    template = CertTemplate(subject=name("fw1"), public_key=public_key)
    header = PKIHeader(
        pvno=2,
        sender=name("fw1")
        if isinstance(credential, PasswordCredential)
        else credential.certificate.subject,
        recipient=name("CA"),
        message_time=datetime.now(UTC).replace(microsecond=0),
        transaction_id=secrets.token_bytes(16),
        sender_nonce=secrets.token_bytes(16),
    )
    request = CertReqMsg(
        0, template, ProofOfPossession(PopoKind.ABSENT), encode_cert_request(0, template, None)
    )
    message = protect(
        header,
        PKIBody(BodyType.IR, CertReqMessages((request,))),
        credential,
        random=secrets.token_bytes,
    )
    call = urllib.request.Request(
        f"http://127.0.0.1:{port}/", message, {"Content-Type": "application/pkixcmp"}
    )
    with urllib.request.urlopen(call, timeout=30) as answer:
        body = nodes(answer.read())[0][1]
    assert body.tag == 0xA1, "not an ip"
    response = nodes(body[0].content)[-1][0]
    assert len(nodes(response.content)) == 3, "no certificate came"
    return response[2]


def envelope(pair: Node) -> Node:
    """EnvelopedData: privateKey [0] EncryptedKey, of which it is the choice [0]."""
    assert pair[1].tag == 0xA0
    assert pair[1][0].tag == 0xA0
    return pair[1][0]


def certified(pair: Node) -> x509.Certificate:
    return x509.load_der_x509_certificate(pair[0].content)


def opened(folder: Path, pair: Node, *how: str) -> bytes:
    """What openssl finds in the envelope: SignedData without its ContentInfo."""
    data = wrap(0x30, envelope(pair).content)
    (folder / "envelope.der").write_bytes(content_info(ENVELOPED_DATA, data))
    command = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "envelope.der")
    return openssl(folder, *command, *how)


def openssl(folder: Path, *command: str) -> bytes:
    result = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def holds_key(folder: Path, signed: bytes, certificate: x509.Certificate) -> None:
    """openssl follows the signer to the root, and the key that was signed is the certificate's."""
    (folder / "signed.der").write_bytes(content_info(SIGNED_DATA, signed))
    command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed.der")
    options = ("-CAfile", "root.pem", "-purpose", "any", "-signer", "kga.pem")
    package = openssl(folder, *command, *options)
    key = load_der_private_key(nodes(package)[0][0].der, None)
    assert key.public_key() == certificate.public_key()
    signer = x509.load_pem_x509_certificate((folder / "kga.pem").read_bytes())
    purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in purposes] == ["1.3.6.1.5.5.7.3.32"]


def test_for_a_password(tmp_path: Path) -> None:
    with bouncycastle_server(tmp_path, *OPTIONS, "--pwri-kek") as port:
        pair = ask(port, SECRET)
    signed = opened(tmp_path, pair, "-pwri_password", "open sesame")
    holds_key(tmp_path, signed, certified(pair))


def test_for_a_password_with_aes_wrap(tmp_path: Path) -> None:
    """As RFC 9481 4.3.1 has it, which openssl does not know: opened by hand."""
    with bouncycastle_server(tmp_path, *OPTIONS) as port:
        pair = ask(port, SECRET)
    _, recipients, content = nodes(envelope(pair).content)[-3:]
    recipient = recipients[0]
    assert recipient.tag == 0xA3
    _, derivation, algorithm, encrypted_key = nodes(recipient.content)
    assert algorithm[0].content == bytes.fromhex("60864801650304012d")  # id-aes256-wrap
    assert len(nodes(algorithm.content)) == 1
    salt, rounds, *_ = nodes(derivation[1].content)
    iterations = int.from_bytes(rounds.content, "big")
    derived = PBKDF2HMAC(hashes.SHA256(), 32, salt.content, iterations).derive(SECRET.secret)
    key = aes_key_unwrap(derived, encrypted_key.content)
    initial = content[1][1].content
    cipher = Cipher(algorithms.AES256(key), modes.CBC(initial)).decryptor()
    padder = PKCS7(128).unpadder()
    octets = nodes(content.content)[2]
    encrypted = (
        octets.content
        if octets.tag == 0x80
        else b"".join(part.content for part in nodes(octets.content))
    )
    signed = padder.update(cipher.update(encrypted)) + padder.finalize()
    holds_key(tmp_path, signed, certified(pair))


@pytest.mark.parametrize("technique", ["transport", "oaep", "agreement"])
def test_for_a_certificate(
    tmp_path: Path, technique: str, rsa_key: rsa.RSAPrivateKey, key: ec.EllipticCurvePrivateKey
) -> None:
    mine = key if technique == "agreement" else rsa_key
    pem = mine.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "old.key").write_bytes(pem)
    oaep = ("--oaep",) if technique == "oaep" else ()
    with bouncycastle_server(tmp_path, *OPTIONS, *oaep) as port:
        who = ("-ref", "3078", "-secret", "pass:open sesame", "-trusted", "root.pem")
        wish = ("-newkey", "old.key", "-subject", "/CN=fw1", "-certout", "old.pem")
        assert client(tmp_path, port, "-cmd", "ir", *who, *wish).returncode == 0
        old = x509.load_pem_x509_certificate((tmp_path / "old.pem").read_bytes())
        pair = ask(port, SignatureCredential(old, load_pem_private_key(pem, None)))
    signed = opened(tmp_path, pair, "-recip", "old.pem", "-inkey", "old.key")
    holds_key(tmp_path, signed, certified(pair))


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_key_of_the_kind_that_is_asked_for(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    """The template names the algorithm, beside a key without bits."""
    any_key = ec.generate_private_key(curve).public_key()
    info = any_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    empty = wrap(0x30, nodes(info)[0][0].der + bytes.fromhex("030100"))
    with bouncycastle_server(tmp_path, *OPTIONS) as port:
        made = certified(ask(port, SECRET, empty)).public_key()
    assert isinstance(made, ec.EllipticCurvePublicKey)
    assert made.curve.name == curve.name
