"""Small DER values in, texts and times out, where the codec of CMP has no type for them."""

from __future__ import annotations

from datetime import UTC, datetime

from ...cmp.codec.tlv import tlv
from ...cmp.errors import MalformedMessage


def read_text(der: bytes) -> str:
    """A UTF8String.

    Raises:
        MalformedMessage: if it is none; here and below.
    """
    if der[0] != 0x0C or tlv(0x0C, der[_start(der) :]) != der:
        raise MalformedMessage("a UTF8String was expected")
    try:
        return der[_start(der) :].decode()
    except UnicodeDecodeError:
        raise MalformedMessage("a UTF8String is not UTF-8") from None


def read_time(der: bytes) -> datetime:
    """A Time (RFC 5280 4.1.2.5): UTCTime up to 2049, GeneralizedTime from 2050, in UTC."""
    text = der[_start(der) :].decode("ascii", "replace")
    try:
        if der[0] == 0x17 and len(text) == len("YYMMDDhhmmssZ"):
            century = "19" if text[:2] >= "50" else "20"
            return datetime.strptime(century + text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
        if der[0] == 0x18 and len(text) == len("YYYYMMDDhhmmssZ"):
            return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        pass
    raise MalformedMessage("a Time was expected")


def _start(der: bytes) -> int:
    return 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)
