"""ir, cr, kur and p10cr in, checked; what issues the certificate, and answers ip, cp or kup, out."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ...cmp.model import (
    BodyType,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertResponse,
    Pkcs10Request,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
    PopoKind,
)
from ..authority.authority import issue
from ..authority.places import status_extensions
from ..ledger.ledger import LedgerEntry, Status
from ..profiles.asked import profiles_of
from ..profiles.grant import grant
from ..profiles.template import check_template, extensions_of, renewed, subject_of
from ..profiles.wish import Grant, Wish
from .central_keys import asks_for_key, make_key, recipient_of
from .challenge import challenge
from .delivery import Made, deliver
from .desk import ACCEPTED, NO_CERT_REQ_ID, Deed, Desk, Order, Response
from .expiry import await_confirmation
from .owner import check_owner
from .pkcs10 import check_pkcs10_signed, read_pkcs10
from .possession import Possession, check_possession
from .ra import check_may_enrol, check_profile_allows, check_ra_verified
from .recipients import EncryptionKey
from .refusal import Refusal, rejection
from .requester import IMPLICIT_CONFIRM, Requester
from .subject_key import SubjectKey, load_subject_key

# The answer to each request, and the certReqId in it (RFC 9483 4.1.1 to 4.1.4).
ANSWERS: dict[BodyType | None, tuple[BodyType, int]] = {
    BodyType.IR: (BodyType.IP, 0),
    BodyType.CR: (BodyType.CP, 0),
    BodyType.KUR: (BodyType.KUP, 0),
    BodyType.P10CR: (BodyType.CP, NO_CERT_REQ_ID),
}
_MODIFIED = x509.RelativeDistinguishedName(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "csc sandbox")]
)


def enrol(desk: Desk, order: Order) -> Deed:
    """What answers ir, cr or kur with a certificate (RFC 9483 4.1.1 to 4.1.3).

    Raises:
        Refusal: if the request is wrong, or not the requester's to make; here and below.
    """
    content, kind = order.body.content, order.body.type
    assert isinstance(content, CertReqMessages)  # noqa: S101
    check_may_enrol(order)
    if len(content.requests) != 1:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "exactly one certificate can be requested")
    request = content.requests[0]
    if request.cert_req_id != 0:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, "certReqId has to be 0")
    template = request.template
    if kind is BodyType.KUR:
        template = renewed(template, _certificate_to_renew(desk, request, order.requester))
    check_template(template, desk.authority.issuers)
    subject = subject_of(template)
    key, proof = _key(desk, order, request)
    wish = Wish(
        subject,
        key,
        template.extensions,
        template.not_before,
        template.not_after,
        template.issuer,
        signs=isinstance(proof, Made) or proof is Possession.PROVED,
    )
    deed = _deed(desk, order, wish, proof)
    if proof is Possession.BY_CHALLENGE and not order.is_proved:
        assert isinstance(key, EncryptionKey)  # noqa: S101  (check_possession)
        return lambda: challenge(desk, order, key, request.cert_req_id)
    return deed


def _key(desk: Desk, order: Order, request: CertReqMsg) -> tuple[SubjectKey, Possession | Made]:
    """The key to certify, and how it is proved; it is made if the request wants that (RFC 9483 4.1.6)."""
    spki = request.template.public_key
    if spki is None or asks_for_key(spki):
        (profile,) = profiles_of(desk.profiles, order.header, 1, desk.profile)
        made = make_key(profile, order, spki, request.pop.kind)
        return load_subject_key(_spki(made.public_key())), Made(
            made, recipient_of(desk, order.requester)
        )
    key = load_subject_key(spki)
    if request.pop.kind is PopoKind.RA_VERIFIED:
        check_ra_verified(order)
        return key, Possession.PROVED
    return key, check_possession(request, key, order)


def enrol_pkcs10(desk: Desk, order: Order) -> Deed:
    """What answers p10cr with a certificate (RFC 9483 4.1.4, RFC 2986)."""
    content = order.body.content
    assert isinstance(content, Pkcs10Request)  # noqa: S101
    request, spki = read_pkcs10(content.der)
    key = load_subject_key(spki)
    check_pkcs10_signed(request)
    wish = Wish(request.subject, key, extensions_of(request))
    return _deed(desk, order, wish, Possession.PROVED)


def _deed(desk: Desk, order: Order, wish: Wish, proof: Possession | Made) -> Deed:
    _check_is_new(desk, order.requester, wish.key)
    (profile,) = profiles_of(desk.profiles, order.header, 1, desk.profile)
    check_profile_allows(profile, order)
    latest = desk.authority.issuing.certificate.not_valid_after_utc
    wanted = grant(profile, wish, desk.now, latest)
    issues = desk.authority.issuing.name
    if wish.issuer is not None and wish.issuer.rdns and wish.issuer != issues:
        change = f"issued by {issues.rfc4514_string()}"
        wanted = replace(wanted, changes=(*wanted.changes, change))
    if desk.behaviour.modifies:
        subject = x509.Name([*wanted.subject.rdns, _MODIFIED])
        change = f"with the subject {subject.rfc4514_string()}"
        wanted = replace(wanted, subject=subject, changes=(*wanted.changes, change))
    # What cannot be issued is refused now, not when the client polls.
    certificate = _issue(desk, wanted)
    # Who has to read the certificate first proves possession by certConf: it cannot be spared.
    confirms = (
        IMPLICIT_CONFIRM not in order.header.general_info
        or not desk.behaviour.grants_implicit_confirm
        or proof is Possession.BY_CERTIFICATE
    )
    return lambda: _grant(desk, order, wanted, certificate, proof, confirms=confirms)


def _grant(
    desk: Desk,
    order: Order,
    wanted: Grant,
    certificate: x509.Certificate,
    proof: Possession | Made,
    *,
    confirms: bool,
) -> Response:
    assert order.body.type is not None  # noqa: S101
    answer, cert_req_id = ANSWERS[order.body.type]
    if desk.behaviour.rejects is not None:
        refused = CertResponse(cert_req_id, rejection(desk.behaviour.rejects))
        return Response(PKIBody(answer, CertRepMessage((refused,))))
    desk.ledger.add(
        certificate,
        transaction_id=order.transaction_id,
        requested_with=order.body.type,
        authenticated_by=str(order.requester),
        now=desk.now,
    )
    desk.ledger.memory.keep_key(_spki(wanted.key))
    reference = order.requester.reference
    if reference is not None and reference in desk.one_time:
        desk.ledger.memory.use(reference, order.transaction_id)
    serial_number = f"{certificate.serial_number:x}"
    if confirms:
        info = await_confirmation(desk, order, serial_number)
    else:
        desk.ledger.change(serial_number, Status.CONFIRMED, "", desk.now)
        info = IMPLICIT_CONFIRM
    status = ACCEPTED
    if wanted.changes:
        status = PKIStatusInfo(PKIStatus.GRANTED_WITH_MODS, wanted.changes)
    response = deliver(desk, order, cert_req_id, status, certificate, proof)
    ca_pubs: tuple[bytes, ...] = ()
    if order.body.type is BodyType.IR and order.requester.reference is not None:  # RFC 9483 4.1.1
        ca_pubs = (desk.authority.root.certificate.public_bytes(Encoding.DER),)
    return Response(
        PKIBody(answer, CertRepMessage((response,), ca_pubs)),
        BodyType.CERT_CONF if confirms else "",
        (info,),
        desk.authority.chain,  # of the certificate (RFC 9483 4.1.1)
    )


def _check_is_new(desk: Desk, requester: Requester, key: SubjectKey) -> None:
    """A secret for one certificate has not got it yet, and a key, where that is demanded, has none."""
    reference = requester.reference
    if reference in desk.one_time and desk.ledger.memory.is_used(reference or b""):
        raise Refusal(
            PKIFailureInfo.NOT_AUTHORIZED,
            "the secret is good for one certificate, and that has been issued",
        )
    if not desk.behaviour.repeats_keys and desk.ledger.memory.knows_key(_spki(key)):
        raise Refusal(PKIFailureInfo.DUPLICATE_CERT_REQ, "the key was certified before")


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _certificate_to_renew(
    desk: Desk, request: CertReqMsg, requester: Requester
) -> x509.Certificate:
    """The certificate that a kur renews."""
    old = _renewed(desk, request, requester)
    check_owner(old, requester)
    if old.status is Status.REVOKED:
        raise Refusal(PKIFailureInfo.CERT_REVOKED, "the certificate to renew is revoked")
    if not old.is_good or old.certificate.not_valid_after_utc < desk.now:
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "the certificate to renew is not in force")
    return old.certificate


def _renewed(desk: Desk, request: CertReqMsg, requester: Requester) -> LedgerEntry:
    old_id = request.old_cert_id
    if old_id is None:
        if requester.certificate is None:
            raise Refusal(PKIFailureInfo.BAD_CERT_ID, "oldCertId does not say what to renew")
        return requester.certificate
    old = desk.ledger.find(f"{old_id.serial_number:x}")
    if old is None or old_id.issuer != old.certificate.issuer:
        raise Refusal(PKIFailureInfo.BAD_CERT_ID, "oldCertId is not of this CA")
    return old


def _places(desk: Desk, wanted: Grant) -> list[x509.Extension[x509.ExtensionType]]:
    """Where the status of the certificate is found, if nothing else was decided."""
    decided = {extension.oid for extension in wanted.extensions}
    places = status_extensions(desk.base_url, desk.authority.issuing)
    return [extension for extension in places if extension.oid not in decided]


def _issue(desk: Desk, wanted: Grant) -> x509.Certificate:
    """A certificate that can be read again; it is nowhere entered."""
    certificate = issue(
        desk.authority,
        subject=wanted.subject,
        key=wanted.key,
        extensions=[*wanted.extensions, *_places(desk, wanted)],
        begins=wanted.not_before,
        ends=wanted.not_after,
    )
    try:
        _ = certificate.extensions
    except (ValueError, x509.UnsupportedGeneralNameType):
        raise Refusal(
            PKIFailureInfo.BAD_CERT_TEMPLATE, "a requested extension cannot be read"
        ) from None
    return certificate
