"""Certificate profiles as data: what a certificate may hold, by the name that a request asks for it with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from cryptography import x509
from cryptography.x509.oid import NameOID

Network = IPv4Network | IPv6Network

DEFAULT = "default"
"""The profile of a request that names none."""


class Need(StrEnum):
    """Whether something has to be there, may be, or may not."""

    REQUIRED = "required"
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"


class Unknown(StrEnum):
    """What becomes of a requested extension that the profile says nothing about."""

    DROP = "drop"
    REFUSE = "refuse"


class NameKind(StrEnum):
    """The kinds of GeneralName (RFC 5280 4.2.1.6) that a subject alternative name may hold."""

    DNS = "dns"
    IP = "ip"
    EMAIL = "email"
    URI = "uri"
    DIRECTORY = "directory"
    RID = "rid"
    OTHER = "other"


ATTRIBUTES: dict[str, x509.ObjectIdentifier] = {
    "CN": NameOID.COMMON_NAME,
    "C": NameOID.COUNTRY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "title": NameOID.TITLE,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
"""The attributes of a subject by the names that profiles have for them."""


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a certificate is valid: `longest` at the most, and if nothing is requested.

    `honours_request` says whether a requested validity inside of it is granted.
    """

    longest: timedelta
    honours_request: bool = True


@dataclass(frozen=True, slots=True)
class Usages:
    """Bits of KeyUsage by their names, or purposes of ExtendedKeyUsage by their dotted OIDs.

    `fixed` ones are always there, `allowed` ones if they are requested. If `allowed` is None, what is
    requested makes no difference; otherwise only what is in one of the two may be requested.
    """

    fixed: tuple[str, ...] = ()
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AlternativeNames:
    """The subject alternative name. Without patterns, a kind may have any value."""

    need: Need = Need.ALLOWED
    kinds: tuple[NameKind, ...] = (NameKind.DNS, NameKind.IP, NameKind.EMAIL, NameKind.URI)
    patterns: tuple[tuple[NameKind, tuple[str, ...]], ...] = ()
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject, by names of ATTRIBUTES. `allowed` is None where every attribute is.

    Those that are required or fixed are allowed as well. `may_be_empty` is said of requests that have a
    subject alternative name.
    """

    required: tuple[str, ...] = ()
    allowed: tuple[str, ...] | None = None
    fixed: tuple[tuple[str, str], ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What certificates of one kind hold (docs/sandbox-profiles.md). `keys` are kinds of key, as csc spells
    them (`compiler/key_types.py`); of RSA there is at most one, with the fewest bits that are taken.
    """

    name: str
    validity: Validity
    keys: tuple[str, ...]
    description: str = ""
    key_usage: Usages = field(default_factory=Usages)
    extended_key_usage: Usages = field(default_factory=Usages)
    names: AlternativeNames = field(default_factory=AlternativeNames)
    subject: Subject = field(default_factory=Subject)
    unknown_extensions: Unknown = Unknown.DROP
    central_keys: bool = False
    """Whether the CA may make the key (RFC 9483 4.1.6)."""
    ra: Need = Need.ALLOWED
    """Whether an authorised RA may ask for it on behalf of others, has to, or may not."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of a CA, in the order of their names. One is called `default`."""

    all: tuple[Profile, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What a request can ask for."""
        return tuple(profile.name for profile in self.all)

    @property
    def default(self) -> Profile:
        """The profile of a request that names none."""
        return next(profile for profile in self.all if profile.name == DEFAULT)

    def get(self, name: str) -> Profile | None:
        """The profile of this name, which is also what stands in the path of a URL; None if there is none."""
        return next((profile for profile in self.all if profile.name == name), None)
