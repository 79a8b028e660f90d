"""A sandbox CA that runs in; who may ask it what, and the asking of it, out."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    PKIBody,
    PKIHeader,
    PKIMessage,
)
from csc.runtime.cmp.protection import (
    Credential,
    OwnMac,
    SignatureCredential,
    new_mac,
    protect,
)
from peers import asker
from peers.asker import SECRET, cert_req, header, ir, template
from peers.ra import RA
from peers.raw_http import post
from peers.sandbox_process import Sandbox
from peers.vendor import Vendor

PATIENCE = 30.0  # seconds


@dataclass
class World:
    """Who asks the CA. `keys` are all private keys there are here, by their SubjectPublicKeyInfo."""

    sandbox: Sandbox
    ra: RA
    vendor: Vendor
    chance: random.Random
    keys: dict[bytes, object] = field(default_factory=dict)
    note: Callable[[bytes], None] = lambda data: None  # is told of every message that is sent
    macs: dict[str, OwnMac] = field(default_factory=dict)
    ahead: int = 0  # seconds that the CA's clock is ahead of ours

    def __post_init__(self) -> None:
        self.ec_key = self.own(asker.KEY)
        self.rsa_key = self.own(rsa.generate_private_key(65537, 2048))
        self.ed_key = self.own(ed25519.Ed25519PrivateKey.generate())
        self.kem_key = self.own(mlkem.MLKEM768PrivateKey.generate())
        self.device: Credential = self.vendor.device("device")

    def own(self, key: object) -> object:
        self.keys[spki(key)] = key
        return key

    # -- exchanges ---------------------------------------------------------------------------------

    def respond(self, data: bytes) -> bytes:
        """The answer to a message: what `SandboxCA.respond` does, over HTTP."""
        self.note(data)
        address = self.sandbox.host, self.sandbox.port
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(post("/", data, "Connection: close"))
            came = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = came.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise OSError(head.decode("latin-1"))
        return body

    def message(
        self, body: PKIBody, head: PKIHeader | None = None, credential: Credential = SECRET
    ) -> bytes:
        head = head or header()
        if head.message_time is not None:
            head = replace(head, message_time=head.message_time + timedelta(seconds=self.ahead))
        if isinstance(credential, SignatureCredential):
            head = replace(head, sender=credential.certificate.subject)
            return protect(head, body, credential, random=os.urandom)
        mac = self.macs.get(credential.mac)
        if mac is None:  # one salt for all: its key is derived once
            mac = self.macs[credential.mac] = new_mac(credential, os.urandom)
        return protect(head, body, credential, random=os.urandom, mac=mac)

    def ask(
        self, body: PKIBody, head: PKIHeader | None = None, credential: Credential = SECRET
    ) -> PKIMessage:
        return decode(self.respond(self.message(body, head, credential)))

    def enrolled(self, key: object) -> SignatureCredential:
        """Who has a certificate of this CA, confirmed."""
        wanted = cert_req(template(public_key=spki(key)), key=key)
        answer = self.ask(ir(wanted))
        certificate = asker.issued(answer)
        self.confirm(answer, certificate)
        return SignatureCredential(certificate, key)

    def confirm(self, answer: PKIMessage, certificate: x509.Certificate) -> PKIMessage:
        digest = certificate.fingerprint(certificate.signature_hash_algorithm or hashes.SHA512())
        return self.ask(*asker.confirm(answer, digest))

    def renew_device(self) -> None:
        """Another certificate for who signs: the last one may be revoked."""
        kind = self.chance.choice((self.ec_key, self.ec_key, self.rsa_key, self.ed_key))
        self.device = self.enrolled(kind)

    def either(self) -> Credential:
        return self.chance.choice((SECRET, self.device))

    def pvno(self) -> int:
        return self.chance.choice((2, 3))


def spki(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
