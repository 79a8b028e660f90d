"""Nested messages to the sandbox CA: protection that an RA adds, and batches (RFC 9483 5.2.2)."""

import os
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp import requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import UnexpectedAnswer
from csc.runtime.cmp.model import (
    BodyType,
    NestedMessageContent,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
)
from csc.runtime.cmp.protection import (
    PasswordCredential,
    SignatureCredential,
    protect,
    sign,
    verify_mac,
    verify_signature,
)
from csc.runtime.evidence.description import describe_message
from csc.runtime.sandbox.authority import ra as authority_ra
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.sandbox.requests.nested import MAX_NESTING, MOST_MESSAGES
from csc.runtime.sandbox.requests.outcome import Posted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.asker import (
    KEY,
    ROOT_NAME,
    SECRET,
    SUBJECT,
    cert_req,
    confirm,
    enrolled,
    failures,
    following,
    genm,
    header,
    ir,
    issued,
    poll,
    rr,
    template,
    utc_now,
)
from peers.certificates import name, new_key
from peers.der import nodes, wrap
from peers.hostile import answering, hostile
from peers.openssl import client, needs_openssl
from peers.ra import RA, granted, message, new_ra, ra_verified
from peers.vendor import new_vendor

CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
CMC_RA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")


@dataclass
class Site:
    """The CA and an RA that it knows."""

    ca: SandboxCA
    ra: RA

    def ask(self, data: bytes) -> PKIMessage:
        return decode(self.ca.respond(data))

    def ask_batch(self, *messages: bytes) -> list[PKIMessage]:
        answer = self.ask(self.ra.batches(*messages))
        content = answer.body.content
        assert isinstance(content, NestedMessageContent), content
        return [decode(der) for der in content.messages]

    def statuses(self) -> list[Status]:
        """Of all certificates but the RA's."""
        return [e.status for e in self.ca.ledger() if e.requested_with != "operator"]


@contextmanager
def opened(folder: Path, **behaviour: object) -> Generator[Site]:
    with SandboxCA.open(folder, behaviour=Behaviour(**behaviour)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield Site(ca, new_ra(ca))


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    with opened(tmp_path) as one:
        yield one


def cert_conf(answer: PKIMessage, credential=SECRET) -> bytes:
    return message(*confirm(answer, issued(answer).fingerprint(hashes.SHA256())), credential)


# -- added protection (RFC 9483 5.2.2.1) -----------------------------------------------------------


def test_the_answer_is_to_the_message_inside(site: Site) -> None:
    head = header()
    answer = site.ask(site.ra.protects(message(ir(), head)))
    assert granted(answer) is BodyType.IP
    verify_mac(answer, SECRET.secret)
    assert answer.header.transaction_id == head.transaction_id
    assert answer.header.recip_nonce == head.sender_nonce
    assert answer.header.recipient == SUBJECT
    entry = site.ca.ledger()[-1]
    assert entry.authenticated_by == f"reference:{SECRET.reference.hex()}"


@pytest.mark.parametrize("confirms_by_ra", [True, False], ids=["through the RA", "itself"])
def test_a_transaction_goes_on_with_and_without_the_ra(site: Site, confirms_by_ra: bool) -> None:
    answer = site.ask(site.ra.protects(message(ir())))
    last = cert_conf(answer)
    answer = site.ask(site.ra.protects(last) if confirms_by_ra else last)
    assert answer.body.type is BodyType.PKI_CONF
    assert site.statuses() == [Status.CONFIRMED]


def test_kur_and_rr_keep_the_protection_of_the_certificate(site: Site) -> None:
    _, own = enrolled(site.ca)
    kur = site.ra.protects(message(ir(body_type=BodyType.KUR), credential=own))
    answer = site.ask(kur)
    assert granted(answer) is BodyType.KUP
    verify_signature(answer, x509.load_der_x509_certificate(answer.extra_certs[0]).public_key())
    assert site.ask(site.ra.protects(cert_conf(answer, own))).body.type is BodyType.PKI_CONF
    assert site.ask(site.ra.protects(message(rr(own.certificate), credential=own))).body.type is (
        BodyType.RP
    )
    assert site.statuses() == [Status.REVOKED, Status.CONFIRMED]


def test_an_ra_may_vouch_for_possession(site: Site) -> None:
    assert granted(site.ask(site.ra.protects(message(ra_verified())))) is BodyType.IP


def test_what_an_ra_vouched_for_may_wait(tmp_path: Path) -> None:
    with opened(tmp_path, polls=1) as site:
        answer = site.ask(site.ra.protects(message(ra_verified())))
        answer = site.ask(message(*poll(answer, 0)))
        assert answer.body.type is BodyType.POLL_REP
        assert granted(site.ask(site.ra.protects(message(*poll(answer, 0))))) is BodyType.IP


def test_who_polls_does_not_choose_what_an_ra_approved(tmp_path: Path) -> None:
    """The profile is that of the path of the request: another one might make an RA of who polls."""
    with opened(tmp_path, polls=1, check_after=0) as site:
        answer = site.ask(site.ra.protects(message(ir())))
        for _ in range(2):
            data = message(*poll(answer, 0))
            answer = decode(site.ca.handle(Posted(data, profile="ra")).answer)
        extensions = issued(answer).extensions
        assert not [e for e in extensions if isinstance(e.value, x509.ExtendedKeyUsage)]


def test_profile_of_the_path_waits_with_the_request(tmp_path: Path) -> None:
    with opened(tmp_path, polls=1, check_after=0) as site:
        data = site.ra.protects(message(ir()))
        answer = decode(site.ca.handle(Posted(data, profile="ra")).answer)
        for _ in range(2):
            answer = site.ask(message(*poll(answer, 0)))
        assert (
            CMC_RA in issued(answer).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        )


@pytest.mark.parametrize("layers", range(1, MAX_NESTING + 1))
def test_several_ras_stand_behind_each_other(site: Site, layers: int) -> None:
    data = message(ra_verified())
    for _ in range(layers):
        data = new_ra(site.ca).protects(data)
    assert granted(site.ask(data)) is BodyType.IP


def test_sent_again_it_gets_the_same_answer(site: Site) -> None:
    """In the same wrapper, in a new one, and without."""
    inner = message(ir())
    outer = site.ra.protects(inner)
    answer = site.ca.respond(outer)
    assert site.ca.respond(outer) == answer
    assert site.ca.respond(site.ra.protects(inner)) == answer
    assert site.ca.respond(inner) == answer
    assert len(site.statuses()) == 1


def test_other_fields_of_the_wrapper_do_not_matter(site: Site) -> None:
    """implicitConfirm there is not the end entity's wish (RFC 9483 5.2.2.1)."""
    outer = site.ra.protects(message(ir()), pvno=3, free_text=("from the RA",))
    assert site.ask(outer).header.pvno == 2


def test_a_secret_that_is_an_ras_may_wrap(site: Site) -> None:
    """RFC 9810 5.1.3.5; RFC 9483 5.2.2.1 wants a signature, so the CA has to be told."""
    ra = RA(PasswordCredential(b"ra", b"ra-psk"))
    site.ca.add_secret(b"ra", b"ra-psk", is_ra=True)
    assert granted(site.ask(ra.protects(message(ra_verified())))) is BodyType.IP
    site.ca.add_secret(b"ra", b"ra-psk")
    assert failures(site.ask(ra.protects(message(ra_verified())))) == {
        PKIFailureInfo.WRONG_INTEGRITY
    }


def _unlike_an_ra(site: Site, usage: x509.ObjectIdentifier) -> RA:
    """A signer with a certificate of the CA that has another extended key usage."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(authority_ra, "RA_USAGE", usage)
        return new_ra(site.ca)


def _resigned(site: Site, outer: bytes) -> bytes:
    """With a signature of another key."""
    protected = decode(outer)
    head, body = nodes(nodes(outer)[0].content)[:2]
    signature = sign(new_key(), protected.protected_part)
    rest = nodes(nodes(outer)[0].content)[3]
    return wrap(0x30, head.der, body.der, wrap(0xA0, wrap(0x03, b"\0", signature)), rest.der)


def _unprotected(outer: bytes) -> bytes:
    parts = nodes(nodes(outer)[0].content)
    return wrap(0x30, parts[0].der, parts[1].der, parts[3].der)


def _revoked(site: Site) -> RA:
    ra = new_ra(site.ca)
    assert isinstance(ra.credential, SignatureCredential)
    answer = site.ask(ra.sends(rr(ra.credential.certificate)))
    assert answer.body.type is BodyType.RP
    return ra


def _layers(site: Site, count: int) -> bytes:
    data = message(ir())
    for _ in range(count):
        data = site.ra.protects(data)
    return data


def _bomb(count: int) -> bytes:
    """A message in a message in a message …, made of nothing else."""
    parts = nodes(nodes(message(genm()))[0].content)
    data = b"".join(part.der for part in parts)
    for _ in range(count):
        data = parts[0].der + wrap(0xB4, wrap(0x30, wrap(0x30, data)))
    return wrap(0x30, data)


NONCE = os.urandom(16)
ADDED: dict[str, tuple[Callable[[Site], bytes], PKIFailureInfo]] = {
    "by an end entity's certificate": (
        lambda s: RA(enrolled(s.ca)[1]).protects(message(ir())),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "by a certificate for cmcCA": (
        lambda s: _unlike_an_ra(s, CMC_CA).protects(message(ir())),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "by a secret": (lambda s: RA(SECRET).protects(message(ir())), PKIFailureInfo.WRONG_INTEGRITY),
    "by a revoked RA": (
        lambda s: _revoked(s).protects(message(ir())),
        PKIFailureInfo.CERT_REVOKED,
    ),
    "by an RA of nobody's": (
        lambda s: _foreign()[0].protects(message(ir())),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "with a wrong signature": (
        lambda s: _resigned(s, s.ra.protects(message(ir()))),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "without protection": (
        lambda s: _unprotected(s.ra.protects(message(ir()))),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "another recipient": (
        lambda s: s.ra.protects(message(ir()), recipient=s.ca.chain[0].subject),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "somebody else's recipient": (
        lambda s: s.ra.protects(message(ir(), header(recipient=SUBJECT))),
        PKIFailureInfo.WRONG_AUTHORITY,
    ),
    "another senderNonce": (
        lambda s: s.ra.protects(message(ir()), sender_nonce=NONCE),
        PKIFailureInfo.BAD_SENDER_NONCE,
    ),
    "another recipNonce": (
        lambda s: s.ra.protects(message(ir()), recip_nonce=NONCE),
        PKIFailureInfo.BAD_RECIPIENT_NONCE,
    ),
    "another transactionID": (
        lambda s: s.ra.protects(message(ir()), transaction_id=NONCE),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "nothing inside": (lambda s: s.ra.batches(), PKIFailureInfo.BAD_DATA_FORMAT),
    "no message inside": (lambda s: s.ra.batches(b"\x30\x00"), PKIFailureInfo.BAD_DATA_FORMAT),
    "one layer too many": (
        lambda s: _layers(s, MAX_NESTING + 1),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "five hundred layers": (lambda s: _bomb(500), PKIFailureInfo.BAD_DATA_FORMAT),
    "inside: a wrong secret": (
        lambda s: s.ra.protects(message(ir(), credential=PasswordCredential(b"ref", b"no"))),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "inside: no protection": (
        lambda s: s.ra.protects(_unprotected(message(ir(), credential=enrolled(s.ca)[1]))),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "inside: no proof of possession": (
        lambda s: s.ra.protects(message(ir(cert_req(template(), key=new_key())))),
        PKIFailureInfo.BAD_POP,
    ),
    "inside: kur with raVerified": (
        lambda s: s.ra.protects(message(ra_verified(BodyType.KUR), credential=enrolled(s.ca)[1])),
        PKIFailureInfo.BAD_POP,
    ),
    "inside: somebody else's certificate revoked": (
        lambda s: s.ra.protects(message(rr(_of_another(s)))),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "inside: a transaction that is done": (
        lambda s: s.ra.protects(message(ir(), following(enrolled(s.ca)[0]))),
        PKIFailureInfo.TRANSACTION_ID_IN_USE,
    ),
}


def _foreign() -> tuple[RA, x509.Certificate]:
    """An RA of another PKI, and the root of that."""
    vendor = new_vendor()
    usage = x509.ExtendedKeyUsage([CMC_RA])
    credential = vendor.device("its ra", extensions=[x509.Extension(usage.oid, False, usage)])
    return RA(credential), vendor.root.certificate


def _of_another(site: Site) -> x509.Certificate:
    site.ca.add_secret(b"other", b"other-psk")
    answer = site.ask(message(ir(), credential=PasswordCredential(b"other", b"other-psk")))
    return issued(answer)


@pytest.mark.parametrize("label", ADDED)
def test_wrong_protection_is_refused(site: Site, label: str) -> None:
    data, failure = ADDED[label]
    assert failures(site.ask(data(site))) == {failure}


def test_an_ra_of_another_pki_is_none_here(tmp_path: Path) -> None:
    """Unless its certificate is given as one."""
    ra, root = _foreign()
    with SandboxCA.open(tmp_path, trusts=[root]) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        answer = decode(ca.respond(ra.protects(message(ir()))))
        assert failures(answer) == {PKIFailureInfo.NOT_AUTHORIZED}
    assert isinstance(ra.credential, SignatureCredential)
    with SandboxCA.open(tmp_path, ra_certificates=[ra.credential.certificate]) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        assert granted(decode(ca.respond(ra.protects(message(ra_verified()))))) is BodyType.IP
        answer = decode(ca.respond(_foreign()[0].protects(message(ir()))))
        assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


# -- batches (RFC 9483 5.2.2.2) --------------------------------------------------------------------


def test_each_message_of_a_batch_is_answered_as_alone(site: Site) -> None:
    _, own = enrolled(site.ca)
    heads = [header() for _ in range(4)]
    outer = site.ra.batches(
        message(ir(), heads[0]),
        message(ir(body_type=BodyType.KUR), heads[1], own),
        message(genm(), heads[2], PasswordCredential(b"ref", b"wrong")),
        site.ra.protects(message(ra_verified(), heads[3])),
    )
    answer = site.ask(outer)
    sent = decode(outer).header
    assert answer.body.type is BodyType.NESTED
    assert answer.header.transaction_id == sent.transaction_id
    assert answer.header.recip_nonce == sent.sender_nonce
    assert answer.header.recipient == name("ra")
    verify_signature(answer, x509.load_der_x509_certificate(answer.extra_certs[0]).public_key())
    content = answer.body.content
    assert isinstance(content, NestedMessageContent)
    inner = [decode(der) for der in content.messages]
    assert [one.body.type for one in inner] == [
        BodyType.IP,
        BodyType.KUP,
        BodyType.ERROR,
        BodyType.IP,
    ]
    for one, head in zip(inner, heads, strict=True):
        assert one.header.transaction_id == head.transaction_id
        assert one.header.recip_nonce == head.sender_nonce
    for index in (0, 1, 3):
        assert granted(inner[index])
    verify_mac(inner[0], SECRET.secret)
    assert failures(inner[2]) == {PKIFailureInfo.BAD_MESSAGE_CHECK}


def test_confirmations_travel_in_a_batch_as_well(site: Site) -> None:
    answers = site.ask_batch(message(ir()), message(ir()))
    confirmed = site.ask_batch(*(cert_conf(answer) for answer in answers))
    assert [one.body.type for one in confirmed] == [BodyType.PKI_CONF, BodyType.PKI_CONF]
    assert site.statuses() == [Status.CONFIRMED, Status.CONFIRMED]


def test_one_that_cannot_be_read_spoils_no_other(site: Site) -> None:
    good, bad = site.ask_batch(message(ir()), b"\x30\x00")
    assert granted(good) is BodyType.IP
    assert failures(bad) == {PKIFailureInfo.BAD_DATA_FORMAT}
    assert bad.header.recip_nonce is None


def test_a_batch_of_one_is_a_batch(site: Site) -> None:
    (only,) = site.ask_batch(message(ir()))
    assert granted(only) is BodyType.IP


def test_a_batch_vouches_for_nothing(site: Site) -> None:
    """RFC 9483 5.2.2.2: its protection is no approval."""
    (only,) = site.ask_batch(message(ra_verified()))
    assert failures(only) == {PKIFailureInfo.BAD_POP}


def test_a_batch_sent_again_gets_the_same_answer(site: Site) -> None:
    outer = site.ra.batches(message(ir()), message(ir()), b"\x30\x00")
    answer = site.ca.respond(outer)
    assert site.ca.respond(outer) == answer
    assert len(site.statuses()) == 2


def test_messages_of_a_batch_in_another_one_get_their_answers_again(site: Site) -> None:
    inner = [message(ir()), message(ir())]
    first = site.ask(site.ra.batches(*inner)).body.content
    again = site.ask(site.ra.batches(*inner, message(genm()))).body.content
    assert isinstance(first, NestedMessageContent)
    assert isinstance(again, NestedMessageContent)
    assert again.messages[:2] == first.messages
    assert len(site.statuses()) == 2


def test_the_most_messages_that_a_batch_may_hold(site: Site) -> None:
    assert len(site.ask_batch(*(message(genm()) for _ in range(MOST_MESSAGES)))) == MOST_MESSAGES


def test_messages_of_a_batch_may_wait(tmp_path: Path) -> None:
    with opened(tmp_path, polls=1) as site:
        answers = site.ask_batch(message(ir()), message(ir()))
        answers = site.ask_batch(*(message(*poll(answer, 0)) for answer in answers))
        assert {answer.body.type for answer in answers} == {BodyType.POLL_REP}
        answers = site.ask_batch(*(message(*poll(answer, 0)) for answer in answers))
        assert [granted(answer) for answer in answers] == [BodyType.IP] * 2


def _done(site: Site) -> bytes | None:
    return enrolled(site.ca)[0].header.transaction_id


BATCHES: dict[str, tuple[Callable[[Site], bytes], PKIFailureInfo]] = {
    "transactionID of a message in it": (
        lambda s: s.ra.batches(
            message(ir()), message(ir(), header(transaction_id=NONCE)), transaction_id=NONCE
        ),
        PKIFailureInfo.TRANSACTION_ID_IN_USE,
    ),
    "transactionID of an earlier transaction": (
        lambda s: s.ra.batches(message(ir()), message(ir()), transaction_id=_done(s)),
        PKIFailureInfo.TRANSACTION_ID_IN_USE,
    ),
    "senderNonce of a message in it": (
        lambda s: s.ra.batches(
            message(ir()), message(ir(), header(sender_nonce=NONCE)), sender_nonce=NONCE
        ),
        PKIFailureInfo.BAD_SENDER_NONCE,
    ),
    "too many messages": (
        lambda s: s.ra.batches(*[message(genm())] * (MOST_MESSAGES + 1)),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "by an end entity": (
        lambda s: RA(enrolled(s.ca)[1]).batches(message(ir()), message(ir())),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "by a secret": (
        lambda s: RA(SECRET).batches(message(ir()), message(ir())),
        PKIFailureInfo.WRONG_INTEGRITY,
    ),
}


@pytest.mark.parametrize("label", BATCHES)
def test_a_wrong_batch_is_refused_as_a_whole(site: Site, label: str) -> None:
    data, failure = BATCHES[label]
    assert failures(site.ask(data(site))) == {failure}
    assert len(site.statuses()) <= 1


def test_a_batch_in_a_batch_is_refused_alone(site: Site) -> None:
    good, bad = site.ask_batch(message(ir()), site.ra.batches(message(ir()), message(ir())))
    assert granted(good) is BodyType.IP
    assert failures(bad) == {PKIFailureInfo.BAD_REQUEST}
    assert len(site.statuses()) == 1


@given(st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_an_ra_wraps_is_answered(site: Site, data: st.DataObject) -> None:
    """Damaged bytes spoil the whole where lengths do not fit any more, else what they stand in."""
    damaged = bytearray(message(ra_verified()))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    answer = site.ask(site.ra.batches(message(genm()), bytes(damaged)))
    content = answer.body.content
    if isinstance(content, NestedMessageContent):
        good, bad = map(decode, content.messages)
        assert good.body.type is BodyType.GENP
        assert failures(bad)
    else:
        assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}


# -- others ----------------------------------------------------------------------------------------


def test_the_client_takes_no_nested_answer(site: Site) -> None:
    """A batch is between RA and CA; to an end entity it says nothing, even of its own CA's."""

    def wrapped(request: bytes) -> bytes:
        head = decode(request).header
        answer = header(
            sender=ROOT_NAME,
            recipient=head.sender,
            transaction_id=head.transaction_id,
            recip_nonce=head.sender_nonce,
        )
        body = PKIBody(BodyType.NESTED, NestedMessageContent((site.ca.respond(request),)))
        return protect(answer, body, SECRET, random=os.urandom)

    begun = requests.initialize(
        subject=SUBJECT,
        key=KEY,
        credential=SECRET,
        anchors=(site.ca.root,),
        recipient=ROOT_NAME,
        now=utc_now(),
        random=os.urandom,
    )
    connection = Connection(wrapped, utc_now, lambda seconds: None, timedelta())
    with pytest.raises(UnexpectedAnswer, match="nested"):
        run(begun, connection, lambda event: None)


def test_a_record_tells_how_many_messages_there_are(site: Site) -> None:
    described = describe_message(decode(site.ra.batches(message(ir()), message(ir()))))
    assert (described.body, described.details) == ("nested", ("holds 2 messages",))


@needs_openssl
def test_openssl_behind_an_ra(site: Site, tmp_path: Path) -> None:
    """A client that we did not write knows nothing of the RA that wraps each of its messages."""
    (tmp_path / "root.pem").write_bytes(site.ca.root.public_bytes(Encoding.PEM))
    for file in ("old.key", "new.key"):
        key = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / file).write_bytes(key)
    signed = ("-cert", "old.pem", "-key", "old.key")
    secret = ("-ref", "ref", "-secret", "pass:psk", "-subject", "/CN=peer")
    relay = answering(lambda request: site.ca.respond(site.ra.protects(request)))
    with hostile(relay) as server:
        for options in (
            ("-cmd", "ir", *secret, "-newkey", "old.key", "-certout", "old.pem"),
            ("-cmd", "kur", *signed, "-newkey", "new.key", "-certout", "new.pem"),
            ("-cmd", "rr", *signed, "-oldcert", "old.pem", "-revreason", "4"),
        ):
            result = client(tmp_path, server.port, "-trusted", "root.pem", *options)
            assert result.returncode == 0, result.stderr
    assert len(server.requests) == 5
    assert site.statuses() == [Status.REVOKED, Status.CONFIRMED]


@needs_openssl
def test_a_wrapper_made_without_our_codec(site: Site, tmp_path: Path) -> None:
    """By the ASN.1 of RFC 9810 5.1, its signature by openssl; the answers are cut out by their tags."""
    assert isinstance(site.ra.credential, SignatureCredential)
    certificate = site.ra.credential.certificate
    key = site.ra.credential.private_key
    (tmp_path / "ra.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    ecdsa_sha256 = bytes.fromhex("300a06082a8648ce3d040302")
    head = wrap(
        0x30,
        bytes.fromhex("020102"),
        wrap(0xA4, certificate.subject.public_bytes()),
        wrap(0xA4, ROOT_NAME.public_bytes()),
        wrap(0xA0, wrap(0x18, utc_now().strftime("%Y%m%d%H%M%SZ").encode())),
        wrap(0xA1, ecdsa_sha256),
        wrap(0xA2, wrap(0x04, identifier.value.digest)),
        wrap(0xA4, wrap(0x04, NONCE)),
        wrap(0xA5, wrap(0x04, NONCE)),
    )
    body = wrap(0xB4, wrap(0x30, message(ir()), message(ir())))
    (tmp_path / "part").write_bytes(wrap(0x30, head, body))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", "ra.key", "part"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    outer = wrap(
        0x30,
        head,
        body,
        wrap(0xA0, wrap(0x03, b"\0", signature)),
        wrap(0xA1, wrap(0x30, certificate.public_bytes(Encoding.DER))),
    )
    answer = nodes(site.ca.respond(outer))[0]
    assert answer[1].tag == 0xB4
    inner = nodes(answer[1][0].content)
    assert [one[1].tag for one in inner] == [0xA1, 0xA1]  # ip
    assert site.statuses() == [Status.ISSUED, Status.ISSUED]
