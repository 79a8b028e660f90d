"""Settings and a time in, a CA's keys and certificates out: new ones, and new ones after those in use.

RFC 9810 4.4: a root is rolled over under its name. The old root signs the new one's key (newWithOld) for as
long as both are valid, and the new root the old one's (oldWithNew) for as long as the old one is. Every
former root gets such links with the newest, so that who asks for an update of it has one step to make. The
issuing CA of each generation has a name of its own: it is another CA, with its own CRL.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from ...cmp.keys import KeyType
from .authority import Authority, Generation, Links
from .certified_key import CertifiedKey, Key, new_key
from .extensions import Extensions, of_ca, of_signer
from .settings import AuthoritySettings
from .signing import BACKDATED, CA_VALIDITY, certify, self_signed, vouch

_CMC_CA = ObjectIdentifier("1.3.6.1.5.5.7.3.27")  # id-kp-cmcCA, RFC 6402; RFC 9810 4.5
_ROOT, _ISSUING, _SIGNER = " root CA", " issuing CA", " CMP server"


def root_name(label: str) -> x509.Name:
    """What the root of a CA is called."""
    return _name(label + _ROOT)


def new_authority(settings: AuthoritySettings, now: datetime) -> Authority:
    """A CA that has issued nothing yet."""
    root = self_signed(root_name(settings.label), new_key(settings.key_type), now)
    return authority_under(root, now)


def authority_under(root: CertifiedKey, now: datetime) -> Authority:
    """A CA whose root is there already."""
    generation = Generation(root, _issuing(root, 1, new_key(root.key_type), now))
    signer = _new_signer(generation.issuing, new_key(root.key_type), now)
    return Authority((generation,), (), (), signer)


def new_keys(kind: KeyType) -> tuple[Key, Key, Key]:
    """What `rolled_over` needs: keys for root, issuing CA and signer. Long ones take their time."""
    return new_key(kind), new_key(kind), new_key(kind)


def rolled_over(authority: Authority, keys: tuple[Key, Key, Key], now: datetime) -> Authority:
    """A new root and a new issuing CA, before those that were. Roots that have expired are left behind."""
    root_key, issuing_key, signer_key = keys
    root = self_signed(authority.root.name, root_key, now)
    number = 1 + _number(authority.issuing.name)
    former = tuple(
        each for each in authority.generations if each.root.certificate.not_valid_after_utc > now
    )
    generation = Generation(root, _issuing(root, number, issuing_key, now))
    links = tuple(_links(each.root, root, now) for each in former)
    steps = (*(link.new_with_old for link in links[:1]), *authority.steps)
    return Authority(
        (generation, *former),
        links,
        steps[: len(former)],
        _new_signer(generation.issuing, signer_key, now),
    )


def _new_signer(issuing: CertifiedKey, key: Key, now: datetime) -> CertifiedKey:
    """Who speaks for the CA in CMP."""
    name = _name(_label(issuing.name, _ISSUING) + _SIGNER)
    # Keys that the CA makes are encrypted with the help of this one, if it can agree keys (RFC 9483 4.1.6.2).
    agrees = isinstance(key, ec.EllipticCurvePrivateKey)
    return _certified(issuing, name, key, of_signer(_CMC_CA, agrees=agrees), now)


def _links(old: CertifiedKey, new: CertifiedKey, now: datetime) -> Links:
    begins, ends = old.certificate.not_valid_before_utc, old.certificate.not_valid_after_utc
    both = min(ends, new.certificate.not_valid_after_utc)
    return Links(
        new_with_old=vouch(old, new, (now - BACKDATED, both)),
        old_with_new=vouch(new, old, (begins, ends)),
    )


def _issuing(root: CertifiedKey, number: int, key: Key, now: datetime) -> CertifiedKey:
    label = _label(root.name, _ROOT)
    name = _name(label + _ISSUING + (f" {number}" if number > 1 else ""))
    return _certified(root, name, key, of_ca(path_length=0), now)


def _certified(
    ca: CertifiedKey, name: x509.Name, key: Key, extensions: Extensions, now: datetime
) -> CertifiedKey:
    certificate = certify(
        ca,
        subject=name,
        key=key.public_key(),
        extensions=extensions,
        period=(now - BACKDATED, now + CA_VALIDITY),
    )
    return CertifiedKey(certificate, key)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _number(issuing: x509.Name) -> int:
    """Which generation an issuing CA is of."""
    number = _common_name(issuing).partition(_ISSUING)[2].strip()
    return int(number) if number.isdecimal() else 1


def _label(name: x509.Name, role: str) -> str:
    """What stands before the role in a name of the CA."""
    return _common_name(name).partition(role)[0]


def _common_name(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
