"""A state and the name of a certificate in; the certificate, its key and what is held of its chain out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ...compiler.address import Address
from ...compiler.configuration import Configuration, FileValue
from ...compiler.device import DeviceState
from ...compiler.suggest import did_you_mean
from ..certificates import key_id, load_certificate, load_chain, load_key
from ..errors import ApplyError, ContentMissing
from ..state.location import Location
from ..state.store import Store
from ..state.vault.opening import read_vault


@dataclass(frozen=True, slots=True)
class Pair:
    """`chain` leads from the issuer upwards; `key` is None if only the certificate was asked for."""

    name: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes | None = field(repr=False)
    is_revoked: bool


def find_pair(
    store: Store, location: Location, device: str, reference: str, *, with_key: bool
) -> Pair:
    """The newest certificate that CMP obtained for an object, else the one that it is configured with.

    Raises:
        ContentMissing: if there is none, or it has no key.
        StateError: if the state, or its master key, cannot be used.
    """
    with store.database.snapshot():
        state = store.load(device)
        content, key, is_revoked = _contents(state, reference)
        data = store.content(content)
        if data is None:
            raise ContentMissing(
                f"the certificate of {reference} is not in the state", "bind it again from its file"
            )
        certificate = load_certificate(data)
        found = _read_key(store, location, reference, key) if with_key else None
        kept = map(load_certificate, store.issuers(content))
        issuers = [*load_chain(data), *kept, *_held(store, state)]
    if found is not None and key_id(found.public_key()) != key_id(certificate.public_key()):
        raise ApplyError(
            f"the private key of {reference} is another certificate's",
            "`--certificate-only` writes the certificate",
        )
    return Pair(reference, certificate, _chain(certificate, issuers), found, is_revoked)


def _contents(state: DeviceState, reference: str) -> tuple[str, str | None, bool]:
    """The content ids of certificate and key, and whether it is revoked."""
    for address, record in state.certificates.items():
        if address.reference == reference:
            return record.certificate, record.key, record.is_revoked
    known = {a.reference: None for a in state.certificates}
    for configuration in _configurations(state):
        for address, properties in configuration.items():
            certificate, key = properties.get("CertificateData"), properties.get("PrivateKey")
            if not _is_certificate(address) or not isinstance(certificate, FileValue):
                continue
            if address.reference == reference:
                return (
                    certificate.content,
                    key.content if isinstance(key, FileValue) else None,
                    False,
                )
            known[address.reference] = None
    meant = did_you_mean(reference, known)
    raise ContentMissing(
        f"the device holds no certificate {reference}",
        f"did you mean {meant}?" if meant else "`csc status` and `csc show` list what it holds",
    )


def _is_certificate(address: Address) -> bool:
    return address.type == "Certificate"


def _configurations(state: DeviceState) -> tuple[Configuration, ...]:
    return state.committed, state.active, state.candidate


def _read_key(
    store: Store, location: Location, reference: str, content: str | None
) -> PrivateKeyTypes:
    sealed = None if content is None else store.secret(content)
    if content is None or sealed is None:
        raise ContentMissing(
            f"no private key of {reference} is in the state",
            "`--certificate-only` writes the certificate",
        )
    try:
        return load_key(read_vault(store, location).decrypt(content, sealed))
    except (ValueError, TypeError):
        raise ApplyError(
            f"the private key of {reference} was uploaded in a form that cannot be read",
            "use the file that was uploaded; `--certificate-only` writes the certificate",
        ) from None


def _held(store: Store, state: DeviceState) -> Iterator[x509.Certificate]:
    """The certificates that the configurations hold."""
    contents = {
        value.content: None
        for configuration in _configurations(state)
        for address, properties in configuration.items()
        if _is_certificate(address)
        and isinstance(value := properties.get("CertificateData"), FileValue)
    }
    for content in contents:
        data = store.content(content)
        if data is not None:
            try:
                yield load_certificate(data)
                yield from load_chain(data)
            except ValueError:
                continue


def _chain(
    certificate: x509.Certificate, held: list[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """The issuers of a certificate as far as they are held, the root with them."""
    chain: list[x509.Certificate] = []
    last = certificate
    while last.issuer != last.subject:
        issuer = next((c for c in held if c not in chain and _has_issued(c, last)), None)
        if issuer is None:
            break
        chain.append(issuer)
        last = issuer
    return tuple(chain)


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer or issuer == certificate:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
