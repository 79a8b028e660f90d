"""A new root of the CA (RFC 9483 4.3.2): believed if the old one vouches for it, and each step holds."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import UntrustedCertificate
from csc.runtime.cmp.general import RootUpdate, read_root_update_answer
from csc.runtime.cmp.model import InfoTypeAndValue
from peers.certificates import ISSUES, NOW, Issuer, make_root, name

ROOT_CA_KEY_UPDATE = "1.3.6.1.5.5.7.4.18"


def cross(subject: str, key, issuer: Issuer) -> x509.Certificate:
    return issuer.issue(name(subject), key.public_key(), is_ca=True, usages=ISSUES)


def answer(new: x509.Certificate, *others: x509.Certificate | None) -> list[InfoTypeAndValue]:
    """A rootCaKeyUpdate with newWithNew, newWithOld and oldWithNew."""
    value = new.public_bytes(Encoding.DER)
    for number, certificate in enumerate(others):
        if certificate is not None:
            value += tlv(0xA0 + number, certificate.public_bytes(Encoding.DER))
    return [InfoTypeAndValue(ROOT_CA_KEY_UPDATE, tlv(0x30, value))]


OLD, NEW, OTHER = map(make_root, ("Old root", "New root", "Other root"))
NEW_WITH_OLD = cross("New root", NEW.key, OLD)
OLD_WITH_NEW = cross("Old root", OLD.key, NEW)


@pytest.mark.parametrize("back", [None, OLD_WITH_NEW])
def test_a_new_root(back: x509.Certificate | None) -> None:
    infos = answer(NEW.certificate, NEW_WITH_OLD, back)
    found = read_root_update_answer(infos, OLD.certificate, NOW)
    assert found == RootUpdate(NEW.certificate, NEW_WITH_OLD, back)


@pytest.mark.parametrize(
    ("certificates", "words"),
    [
        ((NEW.certificate, None, OLD_WITH_NEW), "without newWithOld"),
        ((NEW.certificate, cross("New root", NEW.key, OTHER)), "does not lead to"),
        ((OTHER.certificate, NEW_WITH_OLD), "another root than newWithNew"),
        ((NEW_WITH_OLD, NEW_WITH_OLD), "not signed by itself"),
        ((NEW.certificate, NEW_WITH_OLD, cross("Old root", OLD.key, OTHER)), "does not lead to"),
        (
            (NEW.certificate, NEW_WITH_OLD, cross("Old root", OTHER.key, NEW)),
            "another root than the old one",
        ),
    ],
)
def test_a_new_root_that_nobody_vouches_for(certificates, words: str) -> None:
    with pytest.raises(UntrustedCertificate, match=words):
        read_root_update_answer(answer(*certificates), OLD.certificate, NOW)
