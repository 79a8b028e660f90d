"""The CMP messages as data: what `codec` makes of bytes, and makes bytes of.

Names are those of RFC 9810 (CMP) and RFC 4211 (CRMF), in snake case. Nothing here knows ASN.1, keys or
sockets. Names, certificates and keys that `cryptography` has a type for are held in that type; everything
else that stays opaque is held as DER.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from cryptography import x509

CMP2021 = 3
"""The pvno of messages with what RFC 9480 added: EnvelopedData, and hashAlg in certConf (RFC 9810 7)."""


class BodyType(StrEnum):
    """The PKIBody choices that are built or read here (RFC 9810 5.1.2), by their ASN.1 names."""

    IR = "ir"
    IP = "ip"
    CR = "cr"
    CP = "cp"
    P10CR = "p10cr"
    POP_DEC_CHALL = "popdecc"
    POP_DEC_RESP = "popdecr"
    KUR = "kur"
    KUP = "kup"
    RR = "rr"
    RP = "rp"
    CERT_CONF = "certConf"
    PKI_CONF = "pkiconf"
    NESTED = "nested"
    GENM = "genm"
    GENP = "genp"
    ERROR = "error"
    POLL_REQ = "pollReq"
    POLL_REP = "pollRep"


class PKIStatus(IntEnum):
    """RFC 9810 5.2.3."""

    ACCEPTED = 0
    GRANTED_WITH_MODS = 1
    REJECTION = 2
    WAITING = 3
    REVOCATION_WARNING = 4
    REVOCATION_NOTIFICATION = 5
    KEY_UPDATE_WARNING = 6


class PKIFailureInfo(IntEnum):
    """Bit numbers of PKIFailureInfo (RFC 9810 5.2.3)."""

    BAD_ALG = 0
    BAD_MESSAGE_CHECK = 1
    BAD_REQUEST = 2
    BAD_TIME = 3
    BAD_CERT_ID = 4
    BAD_DATA_FORMAT = 5
    WRONG_AUTHORITY = 6
    INCORRECT_DATA = 7
    MISSING_TIME_STAMP = 8
    BAD_POP = 9
    CERT_REVOKED = 10
    CERT_CONFIRMED = 11
    WRONG_INTEGRITY = 12
    BAD_RECIPIENT_NONCE = 13
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADD_INFO_NOT_AVAILABLE = 17
    BAD_SENDER_NONCE = 18
    BAD_CERT_TEMPLATE = 19
    SIGNER_NOT_TRUSTED = 20
    TRANSACTION_ID_IN_USE = 21
    UNSUPPORTED_VERSION = 22
    NOT_AUTHORIZED = 23
    SYSTEM_UNAVAIL = 24
    SYSTEM_FAILURE = 25
    DUPLICATE_CERT_REQ = 26


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """RFC 5280 4.1.1.2: a dotted OID, and the DER of its parameters (None: absent)."""

    oid: str
    parameters: bytes | None = None


@dataclass(frozen=True, slots=True)
class InfoTypeAndValue:
    """One entry of generalInfo (RFC 9810 5.1.1): a dotted OID, and the DER of its value."""

    oid: str
    value: bytes | None = None


@dataclass(frozen=True, slots=True)
class PKIHeader:
    """RFC 9810 5.1.1. `sender` and `recipient` are None for a GeneralName that is not a directoryName."""

    pvno: int
    sender: x509.Name | None
    recipient: x509.Name | None
    message_time: datetime | None = None
    protection_alg: AlgorithmIdentifier | None = None
    sender_kid: bytes | None = None
    recip_kid: bytes | None = None
    transaction_id: bytes | None = None
    sender_nonce: bytes | None = None
    recip_nonce: bytes | None = None
    free_text: tuple[str, ...] = ()
    general_info: tuple[InfoTypeAndValue, ...] = ()


@dataclass(frozen=True, slots=True)
class PKIStatusInfo:
    """RFC 9810 5.2.3. `status` is a plain int where the peer sent a number that the RFC does not name."""

    status: PKIStatus | int
    status_string: tuple[str, ...] = ()
    fail_info: frozenset[PKIFailureInfo] = frozenset()


@dataclass(frozen=True, slots=True)
class CertId:
    """RFC 4211 6.5 CertId: a certificate by issuer and serial number."""

    issuer: x509.Name | None
    serial_number: int


@dataclass(frozen=True, slots=True)
class Extension:
    """An X.509 extension: a dotted OID, and the DER inside its extnValue."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class CertTemplate:
    """RFC 4211 5. `public_key` is a DER SubjectPublicKeyInfo; UIDs are the bytes of a BIT STRING."""

    subject: x509.Name | None = None
    issuer: x509.Name | None = None
    serial_number: int | None = None
    public_key: bytes | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    extensions: tuple[Extension, ...] = ()
    version: int | None = None
    signing_alg: AlgorithmIdentifier | None = None
    issuer_uid: bytes | None = None
    subject_uid: bytes | None = None


class PopoKind(StrEnum):
    """ProofOfPossession choices (RFC 4211 4); ABSENT where the optional field is left out."""

    ABSENT = "absent"
    RA_VERIFIED = "raVerified"
    SIGNATURE = "signature"
    KEY_ENCIPHERMENT = "keyEncipherment"
    KEY_AGREEMENT = "keyAgreement"


@dataclass(frozen=True, slots=True)
class ProofOfPossession:
    """RFC 4211 4.1: for SIGNATURE, the algorithm and the signature over the DER of CertRequest.

    `poposk_input` tells that a POPOSigningKeyInput was sent; the signature is then over that instead.
    `private_key_pop` is the DER of the POPOPrivKey for KEY_ENCIPHERMENT and KEY_AGREEMENT (RFC 4211 4.2).
    """

    kind: PopoKind
    algorithm: AlgorithmIdentifier | None = None
    signature: bytes | None = None
    poposk_input: bytes | None = None
    private_key_pop: bytes | None = None


@dataclass(frozen=True, slots=True)
class CertReqMsg:
    """RFC 4211 3: one request. `cert_request` is the CertRequest's DER as received or as built."""

    cert_req_id: int
    template: CertTemplate
    pop: ProofOfPossession
    cert_request: bytes
    old_cert_id: CertId | None = None


@dataclass(frozen=True, slots=True)
class CertReqMessages:
    """Body of ir, cr and kur."""

    requests: tuple[CertReqMsg, ...]


@dataclass(frozen=True, slots=True)
class EncryptedKey:
    """RFC 4211 2.1, RFC 9810 5.2.2: something encrypted for the receiver.

    `der` is an EnvelopedData (RFC 5652 6.1), or an EncryptedValue of RFC 4210 if `is_enveloped` is False.
    """

    is_enveloped: bool
    der: bytes


@dataclass(frozen=True, slots=True)
class CertResponse:
    """RFC 9810 5.3.4. `certificate` is DER; `encrypted_cert` comes in its place, encrypted for the new key.

    `private_key` is the key that the CA made, if it was asked to (RFC 9483 4.1.6).
    """

    cert_req_id: int
    status: PKIStatusInfo
    certificate: bytes | None = None
    encrypted_cert: EncryptedKey | None = None
    private_key: EncryptedKey | None = None


@dataclass(frozen=True, slots=True)
class CertRepMessage:
    """Body of ip, cp and kup. `ca_pubs` holds DER certificates."""

    responses: tuple[CertResponse, ...]
    ca_pubs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Pkcs10Request:
    """Body of p10cr: the DER of a CertificationRequest (RFC 2986)."""

    der: bytes


@dataclass(frozen=True, slots=True)
class PopChallengeContent:
    """Body of popdecc (RFC 9810 5.2.8.3.3), as DER."""

    der: bytes


@dataclass(frozen=True, slots=True)
class PopResponseContent:
    """Body of popdecr (RFC 9810 5.2.8.3.3), as DER."""

    der: bytes


@dataclass(frozen=True, slots=True)
class RevDetails:
    """RFC 9810 5.3.9: the certificate to revoke, by template, and crlEntryDetails."""

    template: CertTemplate
    crl_entry_details: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class RevReqContent:
    """Body of rr."""

    details: tuple[RevDetails, ...]


@dataclass(frozen=True, slots=True)
class RevRepContent:
    """Body of rp (RFC 9810 5.3.10), one status for each RevDetails, in order."""

    statuses: tuple[PKIStatusInfo, ...]
    rev_certs: tuple[CertId, ...] = ()


@dataclass(frozen=True, slots=True)
class CertStatus:
    """RFC 9810 5.3.18. `status` is None where left out, which means accepted; `hash_alg` is CMPv3's."""

    cert_hash: bytes
    cert_req_id: int
    status: PKIStatusInfo | None = None
    hash_alg: AlgorithmIdentifier | None = None


@dataclass(frozen=True, slots=True)
class CertConfirmContent:
    """Body of certConf. No CertStatus at all rejects every certificate."""

    statuses: tuple[CertStatus, ...]


@dataclass(frozen=True, slots=True)
class PKIConfirmContent:
    """Body of pkiconf: empty."""


@dataclass(frozen=True, slots=True)
class ErrorMsgContent:
    """Body of error (RFC 9810 5.3.21)."""

    status: PKIStatusInfo
    error_code: int | None = None
    error_details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GeneralContent:
    """Body of genm and genp (RFC 9810 5.3.19)."""

    infos: tuple[InfoTypeAndValue, ...]


@dataclass(frozen=True, slots=True)
class PollReqContent:
    """Body of pollReq (RFC 9810 5.3.22): the certReqIds that are waited for, -1 for a whole message."""

    cert_req_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PollEntry:
    """One entry of pollRep: `check_after` is in seconds."""

    cert_req_id: int
    check_after: int
    reason: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollRepContent:
    """Body of pollRep (RFC 9810 5.3.22)."""

    entries: tuple[PollEntry, ...]


@dataclass(frozen=True, slots=True)
class NestedMessageContent:
    """Body of nested (RFC 9810 5.1.3.5): the DER of each PKIMessage as it came."""

    messages: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class OtherContent:
    """A body that is not built or read here (krr, announcements …): its ASN.1 name."""

    name: str


BodyContent = (
    CertReqMessages
    | CertRepMessage
    | RevReqContent
    | RevRepContent
    | CertConfirmContent
    | PKIConfirmContent
    | ErrorMsgContent
    | Pkcs10Request
    | PopChallengeContent
    | PopResponseContent
    | GeneralContent
    | PollReqContent
    | PollRepContent
    | NestedMessageContent
    | OtherContent
)


@dataclass(frozen=True, slots=True)
class PKIBody:
    """A PKIBody: which choice, and its content. `type` is None exactly where content is OtherContent."""

    type: BodyType | None
    content: BodyContent


@dataclass(frozen=True, slots=True)
class PKIMessage:
    """RFC 9810 5.1, as received or as sent.

    `protected_part` is the DER of ProtectedPart, put together from the header and body bytes exactly as
    they came (never a re-encoding): what MAC and signature are computed over. `extra_certs` holds DER
    certificates; they are hints and trusted by nothing.
    """

    header: PKIHeader
    body: PKIBody
    protected_part: bytes
    protection: bytes | None = None
    extra_certs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class PBMParameter:
    """RFC 9810 5.1.3.1: how a password-based MAC is computed."""

    salt: bytes
    owf: AlgorithmIdentifier
    iteration_count: int
    mac: AlgorithmIdentifier
