"""Requests as they stand in a file in, the messages that ask for them, and what came of them as text, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp.codec import encode_cert_request, encode_profile
from csc.runtime.cmp.keys import KeyType, generate
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertTemplate,
    Extension,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.profiles.model import ATTRIBUTES
from csc.runtime.sandbox.profiles.usages import key_usage, purpose_names
from csc.runtime.sandbox.profiles.words import PURPOSES, duration
from peers.asker import ask, cert_req, csr, failures, header, p10cr

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CERT_PROFILE = "1.3.6.1.5.5.7.4.21"
_ENCR_CERT = b"\x81\x01\x00"
_BITS = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}


@dataclass(frozen=True)
class Request:
    """What is asked for, in words: names as `dns:gw.example.com`, attributes as `CN=gw`, times as `+30d`."""

    name: str = ""
    result: str = ""
    profile: str | None = None
    by: str = "ir"
    key: str = "ec:p256"
    subject: Sequence[str] | None = ("CN=gw-1",)
    names: Sequence[str] | None = None
    usage: Sequence[str] | None = None
    purposes: Sequence[str] | None = None
    critical: Sequence[str] = ()
    others: Sequence[str] = ()
    begins: str | None = None
    ends: str | None = None


@cache
def key_of(kind: str) -> Any:
    if kind.startswith("rsa:"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa:")))
    if kind == "ec:secp256k1":
        return ec.generate_private_key(ec.SECP256K1())
    return generate(KeyType(kind))


def general_name(text: str) -> x509.GeneralName:
    kind, _, value = text.partition(":")
    match kind:
        case "dns":
            return x509.DNSName(value)
        case "ip":
            return x509.IPAddress(ip_network(value) if "/" in value else ip_address(value))
        case "email":
            return x509.RFC822Name(value)
        case "uri":
            return x509.UniformResourceIdentifier(value)
        case "rid":
            return x509.RegisteredID(x509.ObjectIdentifier(value))
        case "other":
            return x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x01" + value.encode())
        case _:
            return x509.DirectoryName(x509.Name.from_rfc4514_string(value))


def subject_of(request: Request) -> x509.Name:
    """With empty values, too, which cryptography warns of."""
    pairs = [pair.partition("=") for pair in request.subject or ()]
    with catch_warnings():
        simplefilter("ignore")
        return x509.Name(
            x509.NameAttribute(
                ATTRIBUTES[name] if name in ATTRIBUTES else x509.ObjectIdentifier(name),
                value,
                _validate=False,
            )
            for name, _, value in pairs
        )


def extensions_of(request: Request) -> list[x509.ExtensionType]:
    found: list[x509.ExtensionType] = []
    if request.names is not None:
        found.append(x509.SubjectAlternativeName(map(general_name, request.names)))
    if request.usage is not None:
        found.append(key_usage(request.usage))
    if request.purposes is not None:
        oids = (PURPOSES.get(purpose, purpose) for purpose in request.purposes)
        found.append(x509.ExtendedKeyUsage(map(x509.ObjectIdentifier, oids)))
    for other in request.others:
        oid, _, value = other.partition("=")
        found.append(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bytes.fromhex(value)))
    return found


def time_of(text: str | None) -> datetime | None:
    if text is None:
        return None
    step = duration(text[1:]) if text[1:] != "0" else timedelta()
    return NOW + step if text[0] == "+" else NOW - step


def body_of(request: Request) -> PKIBody:
    key, subject, values = key_of(request.key), subject_of(request), extensions_of(request)
    if request.by == "p10cr":
        return p10cr(csr(*values, subject=subject, key=key))
    extensions = (
        Extension(v.oid.dotted_string, v.oid.dotted_string in request.critical, v.public_bytes())
        for v in values
    )
    template = CertTemplate(
        subject=None if request.subject is None else subject,
        public_key=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        not_before=time_of(request.begins),
        not_after=time_of(request.ends),
        extensions=tuple(extensions),
    )
    if hasattr(key, "sign"):
        message = cert_req(template, key=key)
    else:
        pop = ProofOfPossession(PopoKind.KEY_ENCIPHERMENT, private_key_pop=_ENCR_CERT)
        message = CertReqMsg(0, template, pop, encode_cert_request(0, template))
    return PKIBody(BodyType.IR, CertReqMessages((message,)))


@dataclass(frozen=True)
class Outcome:
    """`certificate` is None where the request was refused; `texts` are what was said."""

    certificate: x509.Certificate | None
    texts: tuple[str, ...]

    @property
    def result(self) -> str:
        if self.certificate is None:
            return "refused"
        return "modified" if self.texts else "granted"


def outcome(ca: SandboxCA, request: Request) -> Outcome:
    """What comes of a request: a certificate, just so or modified, or badCertTemplate; nothing else."""
    profile = request.profile
    infos = () if profile is None else (InfoTypeAndValue(CERT_PROFILE, encode_profile(profile)),)
    before = len(ca.ledger())
    head = header(pvno=3, message_time=NOW, general_info=infos)
    return read(ca, ask(ca, body_of(request), head), before)


def read(ca: SandboxCA, answer: PKIMessage, before: int) -> Outcome:
    content = answer.body.content
    assert isinstance(content, CertRepMessage)
    status = content.responses[0].status
    if status.status == PKIStatus.REJECTION:
        assert failures(answer) == {PKIFailureInfo.BAD_CERT_TEMPLATE}
        assert len(ca.ledger()) == before
        return Outcome(None, status.status_string)
    assert status.fail_info == frozenset()
    modified = status.status == PKIStatus.GRANTED_WITH_MODS
    assert modified or status.status == PKIStatus.ACCEPTED
    assert modified == bool(status.status_string)
    assert len(ca.ledger()) == before + 1
    return Outcome(ca.ledger()[-1].certificate, status.status_string)


def render(request: Request, result: Outcome) -> str:
    """What came of a request, as it stands in a file of expectations."""
    lines = [f"{request.name}: {result.result}", *(f"  {text}" for text in result.texts)]
    certificate = result.certificate
    if certificate is not None:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        lines.append(f"  subject       {certificate.subject.rfc4514_string() or '(empty)'}")
        lines.append(f"  validity      {begins:%Y-%m-%d %H:%M:%S} to {ends:%Y-%m-%d %H:%M:%S}")
        lines += [f"  {line}" for line in map(_extension, certificate.extensions) if line]
    return "\n".join(lines) + "\n"


def _extension(extension: x509.Extension[x509.ExtensionType]) -> str:
    critical = ", critical" if extension.critical else ""
    match extension.value:
        case x509.KeyUsage() as usage:
            bits = [bit for bit, field in _BITS.items() if getattr(usage, field)]
            return f"keyUsage      {', '.join(bits)}{critical}"
        case x509.ExtendedKeyUsage() as purposes:
            names = purpose_names(purpose.dotted_string for purpose in purposes)
            return f"extKeyUsage   {names}{critical}"
        case x509.SubjectAlternativeName() as names:
            values = (getattr(n.value, "rfc4514_string", n.value.__str__)() for n in names)
            return f"subjectAlt    {', '.join(values)}{critical}"
        case x509.BasicConstraints() as constraints:
            assert not constraints.ca
            return ""
        case x509.SubjectKeyIdentifier() | x509.AuthorityKeyIdentifier():
            return ""
        case other:
            return f"{other.oid.dotted_string}{critical}"
