"""The operation label of a path in, whether a body belongs to it out (RFC 9483 6.1, RFC 9811 3.6).

A label stands for an operation. What goes on with it (certConf, pollReq) is sent to the same path, and what
is nested to the path of what is in it.
"""

from __future__ import annotations

from ...cmp.model import BodyType, GeneralContent, PKIBody, PKIFailureInfo
from .outcome import kind_of
from .refusal import Refusal

_ID_IT = "1.3.6.1.5.5.7.4."
NESTED = "nested"
_KINDS: dict[str, str] = {
    "initialization": BodyType.IR,
    "certification": BodyType.CR,
    "keyupdate": BodyType.KUR,
    "pkcs10": BodyType.P10CR,
    "revocation": BodyType.RR,
    "getcacerts": BodyType.GENM,
    "getrootupdate": BodyType.GENM,
    "getcertreqtemplate": BodyType.GENM,
    "getcrls": BodyType.GENM,
    NESTED: NESTED,
}
# What a genm to a label asks for, alone.
_QUESTIONS = {
    "getcacerts": f"{_ID_IT}17",
    "getrootupdate": f"{_ID_IT}20",
    "getcertreqtemplate": f"{_ID_IT}19",
    "getcrls": f"{_ID_IT}22",
}
LABELS = frozenset(_KINDS)
_GOES_ON = (BodyType.CERT_CONF, BodyType.POLL_REQ)


def check_label(label: str, body: PKIBody, begun_with: str) -> None:
    """Check that a message was sent to where it belongs; an empty label takes everything.

    `begun_with` is the kind of the first message of the transaction, empty if this is the first.

    Raises:
        Refusal: if it belongs to another label. No RFC names the failure: badRequest.
    """
    kind = kind_of(body)
    if not label or kind == NESTED:
        return
    if body.type in _GOES_ON and begun_with:
        kind = begun_with
    right = kind == _KINDS[label]
    if right and isinstance(body.content, GeneralContent):
        right = [info.oid for info in body.content.infos] == [_QUESTIONS[label]]
    if not right:
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST, f"{kind_of(body)} was sent to the path of {label}"
        )
