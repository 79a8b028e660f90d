"""The certProfile of a request's header in, the profiles that it asks for out.

RFC 9810 5.1.1.4: a sequence of names, each for the CertReqMsg or InfoTypeAndValue in its place; an empty name
is no profile. No RFC names the failure for a name that is not known: it is a demand on the certificate that
cannot be met, hence badCertTemplate.
"""

from __future__ import annotations

from ...cmp.codec.general import read_sequence
from ...cmp.errors import MalformedMessage
from ...cmp.model import PKIFailureInfo, PKIHeader
from ..requests.der import read_text
from ..requests.refusal import Refusal
from .model import Profile, Profiles
from .violation import shown

CERT_PROFILE = "1.3.6.1.5.5.7.4.21"


def profiles_of(
    profiles: Profiles, header: PKIHeader, count: int, of_path: str = ""
) -> tuple[Profile, ...]:
    """The profile for each of the `count` things that a message asks for.

    The profile that the path names (RFC 9811 3.6) holds for what has none in the header.

    Raises:
        Refusal: if a profile is not known or not the path's, or there are more than can be meant.
    """
    values = [info.value for info in header.general_info if info.oid == CERT_PROFILE]
    names = _names(values) if values else ()
    if len(names) > count:
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT,
            f"certProfile has {len(names)} names, and the message asks for {count}",
        )
    wanted = (*names, *[""] * (count - len(names)))
    return tuple(_profile(profiles, name, of_path) for name in wanted)


def _profile(profiles: Profiles, in_header: str, of_path: str) -> Profile:
    name = in_header or of_path
    profile = profiles.get(name) if name else profiles.default
    if profile is None:
        raise Refusal(
            PKIFailureInfo.BAD_CERT_TEMPLATE,
            f"the certificate profile {shown(name)} is not known; {', '.join(profiles.names)} are",
        )
    if of_path and name != of_path:
        raise Refusal(
            PKIFailureInfo.BAD_CERT_TEMPLATE,
            f"certProfile is {name}, and the profile of the path is {shown(of_path)}",
        )
    return profile


def _names(values: list[bytes | None]) -> tuple[str, ...]:
    """RFC 9810 5.1.1.4: SEQUENCE SIZE (1..MAX) OF UTF8String, once."""
    malformed = Refusal(
        PKIFailureInfo.BAD_DATA_FORMAT, "certProfile is no list of names, given once"
    )
    if len(values) != 1 or values[0] is None:
        raise malformed
    try:
        names = tuple(read_text(item) for item in read_sequence(values[0]))
    except MalformedMessage:
        raise malformed from None
    if not names:
        raise malformed
    return names
