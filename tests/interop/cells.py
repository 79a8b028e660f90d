"""The interoperability matrix as data: what is tried with which peer, and what a peer does not know.

A row is one exchange: an operation, how its requests are protected, the subject's key, how the certificate is
confirmed, and how the CA has the client wait. A cell is a row and a peer that knows all of the row's values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OPENSSL, SANDBOX, BOUNCYCASTLE = "OpenSSL", "sandbox CA", "BouncyCastle"
PEERS = (OPENSSL, SANDBOX, BOUNCYCASTLE)

# Operations beside those that are called as their message.
VENDOR = "ir, vendor's certificate"
CENTRAL = "ir, key made by the CA"
QUESTIONS = (
    "genm caCerts",
    "genm rootCaCert",
    "genm certReqTemplate",
    "genm crlStatusList",
    "genm currentCRL",
    "genm signKeyPairTypes",
    "genm encKeyPairTypes",
)

MACS = ("PBM", "PBM-SHA1", "PBMAC1")
# How requests are signed, and with which kind of key unless the row's certificate signs itself.
SIGNERS = {
    "RSA PKCS #1": "rsa:2048",
    "RSA-PSS": "rsa:2048",
    "ECDSA P-256": "ec:p256",
    "ECDSA P-384": "ec:p384",
    "ECDSA P-521": "ec:p521",
    "Ed25519": "ed25519",
    "Ed448": "ed448",
    "ML-DSA-44": "mldsa44",
    "ML-DSA-65": "mldsa65",
    "ML-DSA-87": "mldsa87",
}

EXPLICIT = "certConf"
GRANTED = "implicit, granted"
NOT_GRANTED = "implicit, not granted"
REJECTED = "certConf rejects"
AT_ONCE = ""
WAITING = "status waiting"
ERROR = "error waiting"

CLASSIC_KEYS = (
    "rsa:2048",
    "rsa:3072",
    "rsa:4096",
    "ec:p256",
    "ec:p384",
    "ec:p521",
    "ed25519",
    "ed448",
)
POST_QUANTUM_KEYS = ("mldsa44", "mldsa65", "mldsa87", "mlkem768", "mlkem1024")


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange. `key` is empty where the certificate does not matter: genm."""

    operation: str
    protection: str
    key: str = "ec:p256"
    confirmation: str = EXPLICIT
    polling: str = AT_ONCE

    @property
    def values(self) -> tuple[str, ...]:
        return (self.operation, self.protection, self.key, self.confirmation, self.polling)

    @property
    def shown(self) -> str:
        return ", ".join(filter(None, self.values))


@dataclass(frozen=True, slots=True)
class Cell:
    row: Row
    peer: str

    def __str__(self) -> str:
        return f"{self.peer}: {self.row.shown}"


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a peer cannot do something, and words of the error that ends the attempt."""

    reason: str
    error: str


_NO_ML_DSA = Gap("knows no ML-DSA", "decode error")
_NO_ML_KEM = Gap("knows no ML-KEM, nor CMPv3", "unexpected pvno")
_BC_NO_ML_DSA = Gap("1.72 knows no ML-DSA", "badPOP")
_BC_NO_ML_KEM = Gap("1.72 knows no ML-KEM", "badPOP")

# What a peer cannot do, by a value of a row. Tests try it all, but for OpenSSL's error waiting, which its
# server cannot be told.
UNKNOWN: dict[str, dict[str, Gap]] = {
    OPENSSL: {
        "PBM": Gap("answers with HMAC-SHA1: see PBM-SHA1", "made with SHA-1"),
        "PBMAC1": Gap("knows no PBMAC1", "made with SHA-1"),
        CENTRAL: Gap("makes no keys, and knows no CMPv3", "unexpected pvno"),
        ERROR: Gap("waits in ip, cp and kup only", ""),
        **dict.fromkeys(("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"), _NO_ML_DSA),
        **dict.fromkeys(("mldsa44", "mldsa65", "mldsa87"), _NO_ML_DSA),
        **dict.fromkeys(("mlkem768", "mlkem1024"), _NO_ML_KEM),
    },
    SANDBOX: {},
    BOUNCYCASTLE: {
        **dict.fromkeys(("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"), _BC_NO_ML_DSA),
        **dict.fromkeys(("mldsa44", "mldsa65", "mldsa87"), _BC_NO_ML_DSA),
        **dict.fromkeys(("mlkem768", "mlkem1024"), _BC_NO_ML_KEM),
    },
}


def trial(peer: str, value: str) -> Row:
    """A row of which the peer knows everything but this value."""
    if value in MACS or value in SIGNERS:
        return Row("cr", value)
    if value in (VENDOR, CENTRAL):
        return Row(value, "ECDSA P-256")
    return Row("ir", "PBM-SHA1", value)


def why_not(row: Row, peer: str) -> str:
    """Why there is no such cell; empty where there is one."""
    if peer != OPENSSL and (row.operation, row.confirmation) == ("kur", REJECTED):
        # There the wrong certificate is one that leads to a root that the client does not trust.
        return "whoever distrusts its certificates distrusts its signature, too"
    return next((UNKNOWN[peer][value].reason for value in row.values if value in UNKNOWN[peer]), "")


def _rows() -> Iterator[Row]:
    # Each kind of key: with a secret; with a vendor's certificate.
    for key in (*CLASSIC_KEYS, *POST_QUANTUM_KEYS):
        yield Row("ir", "PBM", key)
    for key in CLASSIC_KEYS:
        yield Row(VENDOR, "ECDSA P-256", key)
    # The other MACs.
    yield Row("ir", "PBM-SHA1")
    yield Row("cr", "PBM-SHA1", "rsa:2048")
    yield Row("p10cr", "PBM-SHA1", "ed25519")
    yield Row("ir", "PBMAC1", "rsa:2048")
    yield Row("cr", "PBMAC1")
    yield Row("p10cr", "PBMAC1", "ec:p384")
    # Each kind of signature: of the certificate that is updated, of another one, of a vendor's.
    for protection, key in SIGNERS.items():
        yield Row("kur", protection, "rsa:3072" if protection == "RSA-PSS" else key)
    for protection in ("RSA PKCS #1", "ECDSA P-384", "Ed25519", "ML-DSA-44"):
        yield Row("cr", protection, "ec:p521")
    yield Row("p10cr", "ECDSA P-521", "rsa:3072")
    yield Row("p10cr", "ML-DSA-87", "mldsa65")
    yield Row(VENDOR, "RSA-PSS")
    yield Row(VENDOR, "Ed448", "rsa:2048")
    # The end of a certificate.
    for protection in ("PBM", "PBM-SHA1"):
        yield Row("rr", protection, confirmation="")
    for protection in ("RSA-PSS", "ECDSA P-256", "Ed25519", "ML-DSA-65"):
        yield Row("rr", protection, SIGNERS[protection], "")
    # Each question.
    for question in QUESTIONS:
        yield Row(question, "ECDSA P-256", "", "")
    yield Row(QUESTIONS[0], "PBMAC1", "", "")
    # Confirmation.
    for confirmation in (GRANTED, NOT_GRANTED):
        yield Row("ir", "PBM", "ec:p256", confirmation)
        yield Row("cr", "ECDSA P-256", "ed448", confirmation)
        yield Row("p10cr", "RSA-PSS", "rsa:2048", confirmation)
        yield Row("kur", "ECDSA P-256", "ec:p256", confirmation)
    yield Row("ir", "PBM", "mlkem768", NOT_GRANTED)
    yield Row("ir", "PBM-SHA1", "ec:p256", REJECTED)
    yield Row("cr", "PBM", "rsa:2048", REJECTED)
    yield Row("p10cr", "PBM-SHA1", "ec:p256", REJECTED)
    yield Row("kur", "ECDSA P-256", "ec:p256", REJECTED)
    # Waiting.
    yield Row("ir", "PBM-SHA1", "ec:p256", EXPLICIT, WAITING)
    yield Row("ir", "PBM", "mlkem1024", EXPLICIT, WAITING)
    yield Row("cr", "RSA-PSS", "ec:p256", EXPLICIT, WAITING)
    yield Row("p10cr", "Ed25519", "rsa:2048", EXPLICIT, WAITING)
    yield Row("kur", "ECDSA P-256", "ec:p256", EXPLICIT, WAITING)
    yield Row("ir", "PBM-SHA1", "ec:p384", GRANTED, WAITING)
    yield Row("ir", "PBM-SHA1", "ec:p256", REJECTED, WAITING)
    yield Row("ir", "PBM", "rsa:2048", EXPLICIT, ERROR)
    yield Row("cr", "ECDSA P-384", "ec:p384", EXPLICIT, ERROR)
    yield Row("p10cr", "RSA PKCS #1", "ec:p256", EXPLICIT, ERROR)
    yield Row("kur", "Ed448", "ed448", EXPLICIT, ERROR)
    yield Row("cr", "PBMAC1", "ec:p256", GRANTED, ERROR)
    yield Row("rr", "ECDSA P-256", "ec:p256", "", ERROR)
    yield Row(QUESTIONS[0], "PBM", "", "", ERROR)
    # Keys that the CA makes: encrypted with the secret, for an RSA key, by agreement with an EC key.
    for protection in ("PBM", "RSA PKCS #1", "ECDSA P-256"):
        yield Row(CENTRAL, protection)
    yield Row(CENTRAL, "PBM", "ec:p256", GRANTED)


ROWS: Sequence[Row] = tuple(_rows())
CELLS: Sequence[Cell] = tuple(
    Cell(row, peer) for peer in PEERS for row in ROWS if not why_not(row, peer)
)
