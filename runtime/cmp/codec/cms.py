# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""CMS structures as bytes in, `cms_model` objects out.

The types are declared here: those of pyasn1-modules decode what is to stay the bytes that came (signed
attributes), tag some fields wrongly, and lack RFC 9629. BER is read where DER is not demanded.
"""

from __future__ import annotations

from cryptography import x509
from pyasn1.codec.ber.decoder import decode as ber_decode
from pyasn1.codec.der.encoder import encode as der_encode
from pyasn1.type import univ
from pyasn1_modules import rfc5280

from ..cms_model import (
    Attribute,
    EncryptedValue,
    EntityIdentifier,
    EnvelopedData,
    IssuerAndSerialNumber,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    OneAsymmetricKey,
    OriginatorPublicKey,
    PasswordRecipientInfo,
    RecipientEncryptedKey,
    RecipientInfo,
    SignedData,
    SignerInfo,
    UnknownRecipientInfo,
)
from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier
from .algorithms import algorithm, integer
from .ber import definite_lengths
from .cms_parameters import reading, whole
from .reading import MAX_MESSAGE_SIZE
from .schema import _explicit, _implicit, _maybe, _one, _sequence, _Tagged, list_of
from .tlv import tlv, untag

_SEQUENCE = 0x30
_SET = 0x31
_ENVELOPED = 0xA0  # the tag of EncryptedKey's envelopedData, RFC 4211 2.1: implicit
_KEM = "1.2.840.113549.1.9.16.13.3"  # id-ori-kem, RFC 9629 3
_SUBJECT_KEY_IDENTIFIER = 0
_ORIGINATOR_KEY = 1


def _set_of(component):
    return univ.SetOf(componentType=component)


_ALGORITHM = rfc5280.AlgorithmIdentifier
_ISSUER_AND_SERIAL = _sequence(_one("issuer", univ.Any()), _one("serialNumber", univ.Integer()))
_ENCRYPTED_CONTENT_INFO = _sequence(
    _one("contentType", univ.ObjectIdentifier()),
    _one("algorithm", _ALGORITHM()),
    _maybe("content", _implicit(univ.OctetString(), 0, constructed=False)),
)
# EnvelopedData (RFC 5652 6.1), and AuthEnvelopedData (RFC 5083 2.1), which has the mac.
_ENVELOPED_DATA = _sequence(
    _one("version", univ.Integer()),
    _maybe("originatorInfo", _implicit(_Tagged(), 0)),
    _one("recipientInfos", _set_of(univ.Any())),
    _one("encryptedContentInfo", _ENCRYPTED_CONTENT_INFO),
    _maybe("attributes", _implicit(_Tagged(), 1)),
    _maybe("mac", univ.OctetString()),
    _maybe("unauthAttrs", _implicit(_Tagged(), 2)),
)
_KEY_TRANS = _sequence(
    _one("version", univ.Integer()),
    _one("rid", univ.Any()),
    _one("algorithm", _ALGORITHM()),
    _one("encryptedKey", univ.OctetString()),
)
_KEY_AGREE = _sequence(
    _one("version", univ.Integer()),
    _one("originator", _explicit(_Tagged(), 0)),
    _maybe("ukm", _explicit(univ.OctetString(), 1)),
    _one("algorithm", _ALGORITHM()),
    _one(
        "keys",
        list_of(_sequence(_one("rid", univ.Any()), _one("encryptedKey", univ.OctetString()))),
    ),
)
_RECIPIENT_KEY = _sequence(
    _one("subjectKeyIdentifier", univ.OctetString()),
    _maybe("date", univ.Any()),
    _maybe("other", univ.Any()),
)
_ORIGINATOR_PUBLIC_KEY = _sequence(
    _one("algorithm", _ALGORITHM()), _one("publicKey", univ.BitString())
)
_PASSWORD = _sequence(
    _one("version", univ.Integer()),
    _maybe("derivation", _implicit(_ALGORITHM(), 0)),
    _one("algorithm", _ALGORITHM()),
    _one("encryptedKey", univ.OctetString()),
)
_OTHER = _sequence(_one("oriType", univ.ObjectIdentifier()), _one("oriValue", univ.Any()))
_KEM_RECIPIENT = _sequence(
    _one("version", univ.Integer()),
    _one("rid", univ.Any()),
    _one("kem", _ALGORITHM()),
    _one("kemct", univ.OctetString()),
    _one("kdf", _ALGORITHM()),
    _one("kekLength", univ.Integer()),
    _maybe("ukm", _explicit(univ.OctetString(), 0)),
    _one("wrap", _ALGORITHM()),
    _one("encryptedKey", univ.OctetString()),
)
_ATTRIBUTE = _sequence(
    _one("attrType", univ.ObjectIdentifier()), _one("attrValues", _set_of(univ.Any()))
)
_SIGNER_INFO = _sequence(
    _one("version", univ.Integer()),
    _one("sid", univ.Any()),
    _one("digestAlgorithm", _ALGORITHM()),
    _maybe("signedAttrs", _implicit(_Tagged(), 0)),
    _one("signatureAlgorithm", _ALGORITHM()),
    _one("signature", univ.OctetString()),
    _maybe("unsignedAttrs", _implicit(_Tagged(), 1)),
)
_SIGNED_DATA = _sequence(
    _one("version", univ.Integer()),
    _one("digestAlgorithms", _set_of(_ALGORITHM())),
    _one(
        "encapContentInfo",
        _sequence(
            _one("eContentType", univ.ObjectIdentifier()),
            _maybe("eContent", _explicit(univ.OctetString(), 0)),
        ),
    ),
    _maybe("certificates", _implicit(_set_of(univ.Any()), 0)),
    _maybe("crls", _implicit(_Tagged(), 1)),
    _one("signerInfos", _set_of(_SIGNER_INFO)),
)
_ONE_ASYMMETRIC_KEY = _sequence(
    _one("version", univ.Integer()),
    _one("algorithm", _ALGORITHM()),
    _one("privateKey", univ.OctetString()),
    _maybe("attributes", _implicit(_Tagged(), 0)),
    _maybe("publicKey", _implicit(univ.BitString(), 1, constructed=False)),
)
_ENCRYPTED_VALUE = _sequence(
    _maybe("intendedAlg", _implicit(_ALGORITHM(), 0)),
    _maybe("symmAlg", _implicit(_ALGORITHM(), 1)),
    _maybe("encSymmKey", _implicit(univ.BitString(), 2, constructed=False)),
    _maybe("keyAlg", _implicit(_ALGORITHM(), 3)),
    _maybe("valueHint", _implicit(univ.OctetString(), 4, constructed=False)),
    _one("encValue", univ.BitString()),
)


def enveloped_data_of(encrypted_key: bytes) -> bytes | None:
    """The EnvelopedData in an EncryptedKey (RFC 4211 2.1), None if it is an EncryptedValue.

    EncryptedKey tags the EnvelopedData implicitly, so that it comes without its SEQUENCE.

    Raises:
        MalformedMessage: if it is neither.
    """
    match encrypted_key[:1]:
        case b"\xa0":
            return bytes([_SEQUENCE]) + encrypted_key[1:]
        case b"\x30":
            return None
        case _:
            raise MalformedMessage("an EncryptedKey is neither EnvelopedData nor EncryptedValue")


def decode_enveloped_data(data: bytes) -> EnvelopedData:
    """An EnvelopedData or AuthEnvelopedData, from its SEQUENCE on.

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("EnvelopedData"):
        value = _decode(data, _ENVELOPED_DATA)
        info = value["encryptedContentInfo"]
        if not info["content"].isValue:
            raise MalformedMessage("an EnvelopedData has no content")
        attributes, mac = value["attributes"], value["mac"]
        authenticated = mac.isValue
        return EnvelopedData(
            recipients=tuple(_recipient(bytes(one)) for one in value["recipientInfos"]),
            content_type=str(info["contentType"]),
            algorithm=algorithm(info["algorithm"]),
            encrypted_content=bytes(info["content"]),
            auth_attrs=tlv(_SET, bytes(attributes))
            if authenticated and attributes.isValue
            else None,
            mac=bytes(mac) if authenticated else None,
        )


def decode_signed_data(data: bytes) -> SignedData:
    """A SignedData, from its SEQUENCE on.

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("SignedData"):
        value = _decode(data, _SIGNED_DATA)
        content = value["encapContentInfo"]["eContent"]
        certificates = value["certificates"] if value["certificates"].isValue else ()
        ders = tuple(bytes(one) for one in certificates)
        return SignedData(
            digest_algorithms=tuple(map(algorithm, value["digestAlgorithms"])),
            content_type=str(value["encapContentInfo"]["eContentType"]),
            content=bytes(content) if content.isValue else None,
            certificates=tuple(der for der in ders if der[0] == _SEQUENCE),
            signers=tuple(map(_signer, value["signerInfos"])),
        )


def decode_asymmetric_key_package(data: bytes) -> tuple[OneAsymmetricKey, ...]:
    """The keys of an AsymmetricKeyPackage (RFC 5958 2).

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("AsymmetricKeyPackage"):
        return tuple(_asymmetric_key(one) for one in whole(data, list_of(_ONE_ASYMMETRIC_KEY)))


def decode_encrypted_value(data: bytes) -> EncryptedValue:
    """An EncryptedValue (RFC 4211 2.1).

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("EncryptedValue"):
        value = whole(data, _ENCRYPTED_VALUE)
        return EncryptedValue(
            symm_alg=_maybe_algorithm(value["symmAlg"]),
            enc_symm_key=_bits(value["encSymmKey"]) if value["encSymmKey"].isValue else None,
            key_alg=_maybe_algorithm(value["keyAlg"]),
            enc_value=_bits(value["encValue"]),
        )


def _decode(data: bytes, spec):
    """The one BER value in `data`."""
    if len(data) > MAX_MESSAGE_SIZE:
        raise MalformedMessage(f"{len(data)} bytes are more than {MAX_MESSAGE_SIZE} at most")
    value, rest = ber_decode(definite_lengths(data), asn1Spec=spec)
    if rest:
        raise MalformedMessage(f"{len(rest)} bytes follow the end of a value")
    return value


def _recipient(der: bytes) -> RecipientInfo:
    if der[0] == _SEQUENCE:
        value = _decode(der, _KEY_TRANS)
        return KeyTransRecipientInfo(
            _entity(bytes(value["rid"])),
            algorithm(value["algorithm"]),
            bytes(value["encryptedKey"]),
        )
    number, content = untag(der)
    retagged = tlv(_SEQUENCE, content)
    match number:
        case 1:
            return _key_agreement(retagged)
        case 2:
            return UnknownRecipientInfo("KEKRecipientInfo (RFC 5652 6.2.3)")
        case 3:
            value = _decode(retagged, _PASSWORD)
            return PasswordRecipientInfo(
                _maybe_algorithm(value["derivation"]),
                algorithm(value["algorithm"]),
                bytes(value["encryptedKey"]),
            )
        case 4:
            other = _decode(retagged, _OTHER)
            kind = str(other["oriType"])
            if kind != _KEM:
                return UnknownRecipientInfo(f"OtherRecipientInfo of type {kind}")
            return _kem(bytes(other["oriValue"]))
        case _:
            raise MalformedMessage(f"no RecipientInfo has the tag {number}")


def _key_agreement(der: bytes) -> KeyAgreeRecipientInfo:
    value = _decode(der, _KEY_AGREE)
    return KeyAgreeRecipientInfo(
        originator=_originator(bytes(value["originator"])),
        ukm=bytes(value["ukm"]) if value["ukm"].isValue else None,
        algorithm=algorithm(value["algorithm"]),
        keys=tuple(
            RecipientEncryptedKey(_key_holder(bytes(key["rid"])), bytes(key["encryptedKey"]))
            for key in value["keys"]
        ),
    )


def _kem(der: bytes) -> KEMRecipientInfo:
    value = _decode(der, _KEM_RECIPIENT)
    return KEMRecipientInfo(
        rid=_entity(bytes(value["rid"])),
        kem=algorithm(value["kem"]),
        ciphertext=bytes(value["kemct"]),
        derivation=algorithm(value["kdf"]),
        kek_length=integer(value["kekLength"]),
        ukm=bytes(value["ukm"]) if value["ukm"].isValue else None,
        wrap=algorithm(value["wrap"]),
        encrypted_key=bytes(value["encryptedKey"]),
    )


def _entity(der: bytes) -> EntityIdentifier:
    """RecipientIdentifier and SignerIdentifier."""
    if der[0] != _SEQUENCE:
        number, content = untag(der)
        if number != _SUBJECT_KEY_IDENTIFIER:
            raise MalformedMessage(f"no recipient or signer is named under the tag {number}")
        return content
    value = _decode(der, _ISSUER_AND_SERIAL)
    return IssuerAndSerialNumber(
        x509.Name.from_bytes(bytes(value["issuer"])), integer(value["serialNumber"])
    )


def _key_holder(der: bytes) -> EntityIdentifier:
    """KeyAgreeRecipientIdentifier: its key identifier may come with a date."""
    if der[0] == _SEQUENCE:
        return _entity(der)
    number, content = untag(der)
    if number != _SUBJECT_KEY_IDENTIFIER:
        raise MalformedMessage(f"no recipient is named under the tag {number}")
    return bytes(_decode(tlv(_SEQUENCE, content), _RECIPIENT_KEY)["subjectKeyIdentifier"])


def _originator(der: bytes) -> EntityIdentifier | OriginatorPublicKey:
    if der[0] != _SEQUENCE:
        number, content = untag(der)
        if number == _ORIGINATOR_KEY:
            value = _decode(tlv(_SEQUENCE, content), _ORIGINATOR_PUBLIC_KEY)
            return OriginatorPublicKey(algorithm(value["algorithm"]), _bits(value["publicKey"]))
    return _entity(der)


def _signer(value) -> SignerInfo:
    signed = value["signedAttrs"]
    der = tlv(_SET, bytes(signed)) if signed.isValue else None
    return SignerInfo(
        sid=_entity(bytes(value["sid"])),
        digest_algorithm=algorithm(value["digestAlgorithm"]),
        signed_attrs=der,
        attributes=tuple(
            Attribute(str(one["attrType"]), tuple(bytes(v) for v in one["attrValues"]))
            for one in whole(der, _set_of(_ATTRIBUTE))
        )
        if der is not None
        else (),
        signature_algorithm=algorithm(value["signatureAlgorithm"]),
        signature=bytes(value["signature"]),
    )


def _asymmetric_key(value) -> OneAsymmetricKey:
    info = (
        der_encode(univ.Integer(0))
        + der_encode(value["algorithm"])
        + der_encode(univ.OctetString(bytes(value["privateKey"])))
    )
    public_key = value["publicKey"]
    return OneAsymmetricKey(tlv(_SEQUENCE, info), _bits(public_key) if public_key.isValue else None)


def _maybe_algorithm(value) -> AlgorithmIdentifier | None:
    """An optional one under a tag of its own."""
    return algorithm(value) if value.isValue else None


def _bits(value) -> bytes:
    if len(value) % 8:
        raise MalformedMessage("a BIT STRING that has to hold bytes does not")
    return value.asOctets()
