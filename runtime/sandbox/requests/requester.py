"""A request in, who sent it out: header and protection checked (RFC 9483 3.1, 3.2, 3.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ...cmp.codec import decode_pbm_parameter, decode_pbmac1_parameter
from ...cmp.errors import ProtectionError
from ...cmp.mac import PBMAC1, SALT_SIZE, mac_algorithm
from ...cmp.model import InfoTypeAndValue, PKIFailureInfo, PKIHeader, PKIMessage
from ...cmp.protection import MacKeys, MacScheme, OwnMac, is_mac
from ..authority.authority import Authority
from ..ledger.ledger import LedgerEntry, Status
from .outsiders import NOBODY, Outsiders, check_outsider, is_ra
from .refusal import Refusal
from .signer import check_signed, load_signer

NONCE_SIZE = 16  # bytes: 128 bits, RFC 9810 5.1.1
TRANSACTION_ID_SIZE = 16
IMPLICIT_CONFIRM = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")  # RFC 9810 5.1.1.1
CLOCK_TOLERANCE = timedelta(hours=1)
_SHA1 = "1.3.14.3.2.26"


@dataclass(frozen=True, slots=True)
class Requester:
    """An authenticated sender: by the reference number of a shared secret, or by a certificate.

    That is one of ours (`certificate`), an RA's or one of another PKI (`outsider`). `is_ra` tells that the CA
    takes the word of this sender as an RA's. `mac` is how the request's was made, if answers may be protected
    just so (RFC 9810 5.1.3.1).
    """

    reference: bytes | None
    certificate: LedgerEntry | None
    mac: OwnMac | None = field(default=None, repr=False, compare=False)
    outsider: x509.Certificate | None = field(default=None, repr=False)
    is_ra: bool = False
    secret: bytes | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        if self.reference is not None:
            return f"reference:{self.reference.hex()}"
        if self.certificate is not None:
            return f"certificate:{self.certificate.serial_number}"
        assert self.outsider is not None  # noqa: S101  (it is one of the three)
        # Other PKIs may have issuers of the same name, with the same serial numbers.
        return f"external:{self.outsider.fingerprint(hashes.SHA256()).hex()}"


def check_header(
    header: PKIHeader, authority: Authority, now: datetime, *, needs_time: bool = False
) -> None:
    """Check what every request's header has to hold, messageTime only if `needs_time`.

    Raises:
        Refusal: if something is missing or wrong.
    """
    if header.pvno not in (2, 3):
        raise Refusal(PKIFailureInfo.UNSUPPORTED_VERSION, f"pvno {header.pvno}: 2 and 3 are known")
    if header.transaction_id is None or len(header.transaction_id) < TRANSACTION_ID_SIZE:
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT, f"transactionID needs {TRANSACTION_ID_SIZE} bytes"
        )
    if header.sender_nonce is None or len(header.sender_nonce) < NONCE_SIZE:
        raise Refusal(PKIFailureInfo.BAD_SENDER_NONCE, f"senderNonce needs {NONCE_SIZE} bytes")
    if needs_time and header.message_time is None:
        raise Refusal(PKIFailureInfo.MISSING_TIME_STAMP, "messageTime is missing")
    if header.message_time is not None and abs(header.message_time - now) > CLOCK_TOLERANCE:
        raise Refusal(
            PKIFailureInfo.BAD_TIME, f"messageTime is too far from {now:%Y-%m-%d %H:%M:%S} UTC"
        )
    if any(i.oid == IMPLICIT_CONFIRM.oid and i != IMPLICIT_CONFIRM for i in header.general_info):
        raise Refusal(PKIFailureInfo.BAD_DATA_FORMAT, "the value of implicitConfirm has to be NULL")
    recipient = header.recipient
    if recipient is not None and recipient.rdns and recipient not in authority.names:
        raise Refusal(
            PKIFailureInfo.WRONG_AUTHORITY,
            f"this is {authority.name.rfc4514_string()}, not {recipient.rfc4514_string()}",
        )


def authenticate(
    message: PKIMessage,
    secrets: Mapping[bytes, bytes],
    find: Callable[[str], LedgerEntry | None],
    now: datetime,
    known: Outsiders = NOBODY,
) -> Requester:
    """Find out who sent a message. `find` looks a serial number (hexadecimal) up in the ledger.

    Raises:
        Refusal: if that is nobody who may.
    """
    if message.header.protection_alg is None or message.protection is None:
        raise Refusal(PKIFailureInfo.BAD_MESSAGE_CHECK, "the request is not protected")
    if is_mac(message):
        return _by_secret(message, secrets, known)
    return _by_certificate(message, find, now, known)


def mac_scheme(message: PKIMessage) -> MacScheme:
    """How the MAC of a message that was found right is made."""
    algorithm = message.header.protection_alg
    assert algorithm is not None  # noqa: S101  (authenticate)
    if algorithm.oid == PBMAC1:
        return MacScheme.PBMAC1
    # Who makes its key with a newer hash knows HMACs with that, too.
    owf = decode_pbm_parameter(algorithm.parameters or b"").owf.oid
    return MacScheme.PBM_SHA1 if owf == _SHA1 else MacScheme.PBM


def _by_secret(message: PKIMessage, secrets: Mapping[bytes, bytes], known: Outsiders) -> Requester:
    reference = message.header.sender_kid or b""
    # An unknown reference and a wrong secret look alike to whoever tries them out.
    refusal = Refusal(PKIFailureInfo.BAD_MESSAGE_CHECK, "reference number or secret is wrong")
    secret = secrets.get(reference)
    if secret is None:
        raise refusal
    try:
        # OpenSSL's client is among those that make HMAC-SHA1 unless they are told otherwise.
        keys = MacKeys(secret, accepts_sha1=True)
        keys.verify(message)
    except ProtectionError:
        raise refusal from None
    mac = _mac_for_answers(message, keys)
    is_ra = reference in known.ra_references
    return Requester(reference, None, mac, is_ra=is_ra, secret=secret)


def _mac_for_answers(message: PKIMessage, keys: MacKeys) -> OwnMac | None:
    """The request's own MAC, with its salt, if it is as good as those that are made here."""
    algorithm = message.header.protection_alg
    assert algorithm is not None  # noqa: S101  (authenticate)
    parameters = algorithm.parameters or b""
    if algorithm.oid == PBMAC1:
        salt = decode_pbmac1_parameter(parameters).salt
    else:
        salt = decode_pbm_parameter(parameters).salt
    is_good = len(salt) >= SALT_SIZE and algorithm == mac_algorithm(mac_scheme(message), salt)
    return OwnMac(algorithm, keys) if is_good else None


def _by_certificate(
    message: PKIMessage,
    find: Callable[[str], LedgerEntry | None],
    now: datetime,
    known: Outsiders,
) -> Requester:
    certificate = load_signer(message)
    entry = find(f"{certificate.serial_number:x}")
    if entry is None or entry.data != message.extra_certs[0]:
        check_outsider(certificate, message.extra_certs[1:], known, now)
        check_signed(message, certificate)
        return Requester(None, None, outsider=certificate, is_ra=is_ra(certificate, None, known))
    check_signed(message, certificate)
    if entry.status is Status.REVOKED:
        raise Refusal(PKIFailureInfo.CERT_REVOKED, "the signer's certificate is revoked")
    if not entry.is_good:
        raise Refusal(
            PKIFailureInfo.SIGNER_NOT_TRUSTED, f"the signer's certificate is {entry.status}"
        )
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Refusal(
            PKIFailureInfo.SIGNER_NOT_TRUSTED, "the signer's certificate is not valid now"
        )
    return Requester(None, entry, is_ra=is_ra(certificate, entry, known))
