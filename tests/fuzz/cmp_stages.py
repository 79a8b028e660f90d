"""Each point of a transaction at which an answer is due, with the honest one: what mutation begins with."""

from __future__ import annotations

import copy
import os
import random
import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.pop import Rand, encode_challenges, encode_rand
from csc.runtime.cmp.credentials import Credential, MacScheme, PasswordCredential
from csc.runtime.cmp.events import Answered
from csc.runtime.cmp.model import (
    BodyType,
    CertResponse,
    EncryptedKey,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PopChallengeContent,
)
from csc.runtime.cmp.names import alternative_names
from csc.runtime.cmp.policy import Policy
from csc.runtime.cmp.transaction import Transaction
from csc.runtime.sandbox.ca import SandboxCA
from peers import cms
from peers.asker import utc_now
from peers.certificates import NOW, SIGNS, make_intermediate
from peers.fake_ca import (
    ACCEPTED,
    IMPLICIT_CONFIRM,
    SECRET,
    SUBJECT,
    WAITING,
    FakeCA,
    cert_rep,
    make_fake_ca,
)
from test_key_package import World, kga, signed
from test_pop import challenge

NAMES = alternative_names(("DNS:fw1.example.com", "IP:192.0.2.1"))
_KEK = bytes(range(32))


@dataclass(frozen=True)
class Stage:
    """A transaction that waits for `honest`, which is protected with `credential`.

    `key` is the new key, None where the CA makes it or none is due.
    """

    name: str
    transaction: Transaction = field(repr=False)
    honest: bytes = field(repr=False)
    credential: Credential = field(repr=False)
    key: object | None = field(default=None, repr=False)

    def fresh(self) -> Transaction:
        """The transaction, to be used up. All that it holds is immutable."""
        return copy.copy(self.transaction)


class Stages:
    """Makes them all; `ca` is who answers."""

    def __init__(self) -> None:
        self.ca: FakeCA = make_fake_ca()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.kem = mlkem.MLKEM768PrivateKey.generate()
        self.all: list[Stage] = []
        self._random = random.Random(1)
        for credential in (SECRET, replace(SECRET, mac=MacScheme.PBMAC1), self._signer()):
            self._enrolments(credential)
        self._waits()
        self._revocations()
        self._questions()
        self._secrets()

    def _signer(self) -> Credential:
        return replace(
            self.ca.signer,
            certificate=self.ca.certificate,
            private_key=self.ca.certificate_key,
        )

    def _common(self) -> dict[str, object]:
        return {
            "anchors": self.ca.anchors,
            "recipient": self.ca.root.certificate.subject,
            "now": NOW,
            "random": self._random.randbytes,
        }

    def _initialize(self, credential: Credential, **more: object) -> Transaction:
        asked = {"subject": SUBJECT, "key": self.key, **self._common(), **more}
        return requests.initialize(credential=credential, **asked)  # pyright: ignore

    def _update(self) -> Transaction:
        return requests.update(
            certificate=self.ca.certificate,
            certificate_key=self.ca.certificate_key,
            key=self.key,
            anchors=self.ca.anchors,
            now=NOW,
            random=self._random.randbytes,
        )

    def _answers_with(self, credential: Credential) -> Credential:
        return credential if isinstance(credential, PasswordCredential) else self.ca.signer

    def _stage(
        self, name: str, transaction: Transaction, honest: bytes, key: object | None = None
    ) -> bytes:
        """Note a stage; the honest answer, for going on."""
        credential = self._answers_with(transaction._request.credential)
        self.all.append(Stage(name, copy.copy(transaction), honest, credential, key))
        return honest

    def _enrolments(self, credential: Credential) -> None:
        kind = getattr(credential, "mac", "signature")
        for body_type in (BodyType.IR, BodyType.CR, BodyType.P10CR):
            begun = self._initialize(credential, body_type=body_type)
            self._to_the_end(f"{body_type} {kind}", begun)
        if kind == "signature":
            self._to_the_end("kur", self._update())
        intermediate = make_intermediate(self.ca.root, "Issuing")
        begun = self._initialize(credential, names=NAMES, policy=Policy(asks_implicit_confirm=True))
        assert NAMES is not None
        certificate = intermediate.issue(
            SUBJECT,
            self.key.public_key(),
            usages=SIGNS,
            extensions=[x509.Extension(NAMES.oid, False, NAMES)],
        )
        der = intermediate.certificate.public_bytes(Encoding.DER)
        honest = self.ca.enrol(
            asked(begun),
            certificate,
            ca_pubs=(der, self.ca.root.certificate.public_bytes(Encoding.DER)),
            credential=self._answers_with(credential),
            general_info=(IMPLICIT_CONFIRM,),
            free_text=("free text", "more of it"),
        )
        self._stage(f"implicit, chain, names {kind}", begun, honest, self.key)

    def _to_the_end(self, name: str, begun: Transaction) -> None:
        credential = self._answers_with(begun._request.credential)
        first = asked(begun)
        certificate = self.ca.issue_for(first)
        modified = PKIStatusInfo(PKIStatus.GRANTED_WITH_MODS, ("a little",))
        self._stage(f"{name}, modified", begun, self.ca.enrol(first, certificate, status=modified))
        honest = self.ca.enrol(first, certificate, credential=credential)
        begun.receive(self._stage(name, begun, honest, self.key), NOW)
        refused = PKIStatusInfo(
            PKIStatus.REJECTION, ("twice",), frozenset({PKIFailureInfo.CERT_CONFIRMED})
        )
        error = PKIBody(BodyType.ERROR, ErrorMsgContent(refused, 7, ("a", "b")))
        again = self.ca.answer(asked(begun), error, credential=credential)
        self._stage(f"{name}, certConfirmed", begun, again)
        done = self.ca.confirm(asked(begun), credential=credential)
        self._stage(f"{name}, confirmation", begun, done)

    def _waits(self) -> None:
        begun = self._initialize(SECRET)
        first = asked(begun)
        begun.receive(self._stage("waiting", begun, self.ca.wait(first)), NOW)
        entry = PollEntry(0, 2, ("at lunch",))
        self._stage("polling", begun, self.ca.poll_rep(asked(begun), entry))
        body = decode(self.ca.enrol(first, self.ca.issue_for(first))).body
        self._stage("polled", begun, self.ca.answer(asked(begun), body), self.key)
        begun = self._update()
        error = PKIBody(BodyType.ERROR, ErrorMsgContent(WAITING))
        waits = self.ca.answer(asked(begun), error)
        begun.receive(self._stage("error that waits", begun, waits), NOW)
        again = self.ca.poll_rep(asked(begun), PollEntry(-1, 0))
        self._stage("polling for a message", begun, again)

    def _revocations(self) -> None:
        def begin() -> Transaction:
            return requests.revoke(
                certificate=self.ca.certificate,
                certificate_key=self.ca.certificate_key,
                anchors=self.ca.anchors,
                now=NOW,
                random=self._random.randbytes,
            )

        begun = begin()
        self._stage("revocation", begun, self.ca.revoke(asked(begun)))
        begun = begin()
        bits = frozenset({PKIFailureInfo.CERT_REVOKED})
        refused = PKIStatusInfo(PKIStatus.REJECTION, ("twice",), bits)
        self._stage("revoked already", begun, self.ca.revoke(asked(begun), refused))

    def _questions(self) -> None:
        begun = requests.ask(infos=_QUESTIONS, credential=SECRET, **self._common())  # pyright: ignore
        body = PKIBody(BodyType.GENP, GeneralContent(_known_answers()))
        self._stage("general message", begun, self.ca.answer(asked(begun), body))

    def _secrets(self) -> None:
        def enveloped(plain: bytes, info: bytes, content_type: str = cms.DATA) -> EncryptedKey:
            der = cms.enveloped(plain, [info], _KEK, content_type=content_type)
            return EncryptedKey(is_enveloped=True, der=der)

        signer_key = ec.generate_private_key(ec.SECP256R1())
        world = World(self.ca.root, self.ca.root, signer_key, kga(self.ca.root, signer_key))
        certificate = self.ca.root.issue(SUBJECT, world.key.public_key())  # pyright: ignore
        der = certificate.public_bytes(Encoding.DER)
        agreed = cms.for_agreement(
            self.ca.certificate_key.public_key(),
            _KEK,
            "1.3.132.1.11.1",
            "x963",
            hashes.SHA256(),
            rid=cms.identifier(self.ca.certificate),
        )
        for credential, info in (
            (SECRET, cms.for_password(SECRET.secret, _KEK, iterations=1000)),
            (self._signer(), agreed),
        ):
            begun = self._initialize(credential, key=None)
            sealed = enveloped(signed(world), info, "1.2.840.113549.1.7.2")
            response = CertResponse(0, ACCEPTED, der, private_key=sealed)
            honest = self.ca.answer(asked(begun), cert_rep(asked(begun), response))
            self._stage(f"central key {info[0]:x}", begun, honest)
        begun = self._initialize(SECRET, key=self.kem)
        issued = self.ca.root.issue(SUBJECT, self.kem.public_key()).public_bytes(Encoding.DER)  # pyright: ignore
        sealed = enveloped(issued, cms.for_kem(self.kem.public_key(), _KEK))
        response = CertResponse(0, ACCEPTED, encrypted_cert=sealed)
        honest = self.ca.answer(asked(begun), cert_rep(asked(begun), response))
        self._stage("encrypted certificate", begun, honest, self.kem)
        plain = encode_rand(Rand(12345, self.ca.root.certificate.subject))
        content = encode_challenges([challenge(self.kem, plain)])
        body = PKIBody(BodyType.POP_DEC_CHALL, PopChallengeContent(content))
        self._stage("challenge", begun, self.ca.answer(asked(begun), body))


_QUESTIONS = (
    general.ca_certs(),
    general.root_update(),
    general.template(),
    general.current_crl(),
    general.signing_keys(),
    general.encryption_keys(),
)


def _known_answers() -> tuple[InfoTypeAndValue, ...]:
    """What a CA says to each question."""
    with tempfile.TemporaryDirectory() as folder, SandboxCA.open(Path(folder)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        found: list[InfoTypeAndValue] = []
        for question in (*_QUESTIONS, general.crls(ca.root.subject)):
            transaction = requests.ask(
                infos=(question,),
                credential=SECRET,
                anchors=(ca.root,),
                recipient=ca.root.subject,
                now=utc_now(),
                random=os.urandom,
            )
            connection = Connection(ca.respond, utc_now, _no_pause, timedelta(0))
            outcome = run(transaction, connection, lambda event: None)
            assert isinstance(outcome, Answered)
            found.extend(outcome.infos)
    return tuple(found)


def _no_pause(seconds: float) -> None:
    raise AssertionError(f"nobody asked to wait for {seconds} seconds")


def asked(transaction: Transaction) -> bytes:
    """What the transaction sends now."""
    assert transaction.outgoing is not None
    return transaction.outgoing
