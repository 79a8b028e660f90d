"""The sandbox CA and our own client: what one asks for, the other answers."""

import os
import weakref
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, mlkem
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.errors import Rejected
from csc.runtime.cmp.events import Answered, CertificateReceived, Event, Waiting
from csc.runtime.cmp.model import (
    BodyType,
    CertReqMessages,
    CertReqMsg,
    InfoTypeAndValue,
    PKIFailureInfo,
    PKIStatus,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.cmp.policy import Policy
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    failures,
    header,
    ir,
    template,
    utc_now,
)

NAMES = x509.SubjectAlternativeName([x509.DNSName("gw.example.com")])
KEYS: dict[str, Callable[[], object]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ML-DSA-65": mldsa.MLDSA65PrivateKey.generate,
    "ML-KEM-768": mlkem.MLKEM768PrivateKey.generate,
    "ML-KEM-1024": mlkem.MLKEM1024PrivateKey.generate,
}


class Meeting:
    """A CA that behaves in some way, the pauses that the client makes, and the events that it sees."""

    def __init__(self, folder: Path, **behaviour: object) -> None:
        self.ca = SandboxCA.open(folder, behaviour=Behaviour(**behaviour))
        weakref.finalize(self, self.ca.close)
        self.ca.add_secret(SECRET.reference, SECRET.secret)
        self.pauses: list[float] = []
        self.events: list[Event] = []

    def run(self, transaction: object) -> object:
        connection = Connection(self.ca.respond, utc_now, self.pauses.append, timedelta(hours=1))
        return run(transaction, connection, self.events.append)

    def enrol(
        self, key: object, policy: Policy | None = None, kind: BodyType = BodyType.IR
    ) -> CertificateReceived:
        begun = requests.initialize(
            subject=SUBJECT,
            key=key,
            body_type=kind,
            names=NAMES,
            policy=policy or Policy(),
            **self._common(),
        )
        outcome = self.run(begun)
        assert isinstance(outcome, CertificateReceived)
        return outcome

    def ask(self, *infos: InfoTypeAndValue) -> Sequence[InfoTypeAndValue]:
        outcome = self.run(requests.ask(infos=infos, **self._common()))
        assert isinstance(outcome, Answered)
        return outcome.infos

    def statuses(self) -> list[Status]:
        return [entry.status for entry in self.ca.ledger()]

    def _common(self) -> dict[str, object]:
        return {
            "credential": SECRET,
            "anchors": (self.ca.root,),
            "recipient": self.ca.root.subject,
            "now": utc_now(),
            "random": os.urandom,
        }


@pytest.mark.parametrize("name", KEYS)
def test_kinds_of_keys(tmp_path: Path, name: str) -> None:
    """A key that cannot sign proves itself by reading its certificate (RFC 9810 5.2.8.3.2)."""
    meeting, key = Meeting(tmp_path), KEYS[name]()
    certificate = meeting.enrol(key).certificate
    assert certificate.public_key() == key.public_key()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_encipherment == name.startswith("ML-KEM")
    assert usage.digital_signature != usage.key_encipherment
    assert meeting.statuses() == [Status.CONFIRMED]


def test_encrypted_certificate_has_to_be_confirmed(tmp_path: Path) -> None:
    """That is its proof of possession: implicitConfirm is not granted for it."""
    meeting = Meeting(tmp_path, grants_implicit_confirm=True)
    asks = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")
    answer = ask(meeting.ca, ir(_for_kem()), header(pvno=3, general_info=(asks,)))
    assert asks not in answer.header.general_info
    assert meeting.statuses() == [Status.ISSUED]


def _for_kem(kind: PopoKind = PopoKind.KEY_ENCIPHERMENT, how: bytes = b"\x81\x01\0") -> CertReqMsg:
    key = mlkem.MLKEM768PrivateKey.generate()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    wanted = template(public_key=spki)
    request = cert_req(wanted)
    pop = ProofOfPossession(kind, private_key_pop=how)
    return CertReqMsg(0, wanted, pop, request.cert_request)


@pytest.mark.parametrize(
    ("request_", "pvno"),
    [
        (_for_kem(), 2),  # EnvelopedData is of cmp2021
        (_for_kem(PopoKind.KEY_AGREEMENT), 3),
        (_for_kem(PopoKind.RA_VERIFIED), 3),
    ],
)
def test_wrong_proof_of_an_ml_kem_key(tmp_path: Path, request_: CertReqMsg, pvno: int) -> None:
    meeting = Meeting(tmp_path)
    answer = ask(meeting.ca, ir(request_), header(pvno=pvno))
    assert failures(answer) == {PKIFailureInfo.BAD_POP}
    assert meeting.ca.ledger() == ()


def test_signing_key_proves_itself_by_signing(tmp_path: Path) -> None:
    """RFC 9810 5.2.8.4: for a key that signs there is no other way."""
    wanted = template()
    pop = ProofOfPossession(PopoKind.KEY_ENCIPHERMENT, private_key_pop=b"\x81\x01\0")
    request = CertReqMsg(0, wanted, pop, cert_req(wanted).cert_request)
    assert isinstance(ir(request).content, CertReqMessages)
    meeting = Meeting(tmp_path)
    answer = ask(meeting.ca, ir(request), header(pvno=3))
    assert failures(answer) == {PKIFailureInfo.BAD_POP}


@pytest.mark.parametrize("kind", [BodyType.IR, BodyType.CR, BodyType.P10CR])
@pytest.mark.parametrize("by_error", [False, True])
def test_waiting(tmp_path: Path, kind: BodyType, by_error: bool) -> None:
    meeting = Meeting(tmp_path, polls=2, check_after=5, waits_by_error=by_error)
    meeting.enrol(KEYS["P-256"](), kind=kind)
    assert sum(isinstance(event, Waiting) for event in meeting.events) == 3
    assert meeting.pauses[1:] == [5, 5]
    assert meeting.statuses() == [Status.CONFIRMED]


def test_implicit_confirmation(tmp_path: Path) -> None:
    meeting = Meeting(tmp_path, grants_implicit_confirm=True)
    meeting.enrol(KEYS["P-256"](), Policy(asks_implicit_confirm=True))
    assert meeting.statuses() == [Status.CONFIRMED]
    assert len(meeting.events) == 1  # no Confirmed


def test_granted_with_modifications(tmp_path: Path) -> None:
    outcome = Meeting(tmp_path, modifies=True).enrol(KEYS["P-256"]())
    assert outcome.status.status == PKIStatus.GRANTED_WITH_MODS
    assert "csc sandbox" in outcome.changes[0]


def test_rejected(tmp_path: Path) -> None:
    meeting = Meeting(tmp_path, rejects=PKIFailureInfo.SYSTEM_UNAVAIL)
    with pytest.raises(Rejected) as caught:
        meeting.enrol(KEYS["P-256"]())
    assert caught.value.status.fail_info == {PKIFailureInfo.SYSTEM_UNAVAIL}


@pytest.mark.parametrize("polls", [0, 1])
def test_questions(tmp_path: Path, polls: int) -> None:
    meeting = Meeting(tmp_path, polls=polls, waits_by_error=True)
    root = meeting.ca.root
    assert general.read_ca_certs(meeting.ask(general.ca_certs())) == (*meeting.ca.chain, root)
    assert (
        general.read_root_update_answer(meeting.ask(general.root_update(root)), root, utc_now())
        is None
    )
    wanted = general.read_template_answer(meeting.ask(general.template()))
    assert wanted is not None
    assert 2048 in wanted.rsa_lengths
    (crl,) = general.read_crls(meeting.ask(general.current_crl())) or ()
    assert crl.is_signature_valid(meeting.ca.chain[0].public_key())  # pyright: ignore[reportArgumentType]
    signing = general.read_signing_keys(meeting.ask(general.signing_keys()))
    encryption = general.read_encryption_keys(meeting.ask(general.encryption_keys()))
    assert signing
    assert encryption
