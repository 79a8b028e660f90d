"""Signed key packages: made by openssl, and each numbered check of `key_package` violated."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    PrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from csc.runtime.cmp.codec.public_keys import public_key_bits
from csc.runtime.cmp.enveloped import SIGNED_DATA, key_package, open_enveloped
from csc.runtime.cmp.enveloped.key_package import KEY_GENERATION
from csc.runtime.cmp.errors import (
    AlgorithmNotSupported,
    CMPError,
    MalformedMessage,
    ProtectionError,
    UnexpectedAnswer,
    UntrustedCertificate,
)
from csc.runtime.cmp.protection import sign, signature_algorithm
from hypothesis import given, settings
from hypothesis import strategies as st
from peers import cms
from peers.certificates import (
    NOW,
    SIGNS,
    Issuer,
    make_certificate,
    make_intermediate,
    make_root,
    name,
)
from peers.openssl import needs_openssl

GENERATES = x509.Extension(
    x509.ExtendedKeyUsage.oid, False, x509.ExtendedKeyUsage([KEY_GENERATION])
)
SHA1, SHA256, SHA512 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"


def kga(issuer: Issuer, key: CertificateIssuerPrivateKeyTypes, **how: object) -> x509.Certificate:
    """The certificate of a key generation authority."""
    fields = {"usages": SIGNS, "extensions": [GENERATES]} | how
    return make_certificate(
        name("kga"), key.public_key(), issuer.certificate.subject, issuer.key, **fields
    )  # pyright: ignore


@dataclass(frozen=True)
class World:
    root: Issuer
    ca: Issuer
    signer_key: CertificateIssuerPrivateKeyTypes
    signer: x509.Certificate
    key: PrivateKeyTypes = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def read(self, der: bytes, intermediates: tuple[x509.Certificate, ...] = ()):
        return key_package(der, [self.root.certificate], intermediates, NOW)


@pytest.fixture(scope="session")
def world() -> World:
    root = make_root()
    ca = make_intermediate(root, "Issuing")
    key = ec.generate_private_key(ec.SECP256R1())
    return World(root, ca, key, kga(ca, key))


def pkcs8(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_bits(key: PrivateKeyTypes) -> bytes:
    return public_key_bits(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def package(*keys: bytes) -> bytes:
    return cms.sequence(*keys)


def with_public_key(key: PrivateKeyTypes, bits: bytes) -> bytes:
    """OneAsymmetricKey version 2, RFC 5958 2."""
    info = pkcs8(key)
    size = 2 + (info[1] & 0x7F if info[1] & 0x80 else 0)
    return cms.sequence(cms.integer(1), info[size + 3 :], cms.tlv(0x81, b"\x00" + bits))


def attribute(dotted: str, *values: bytes) -> bytes:
    return cms.sequence(cms.oid(dotted), cms.tlv(0x31, b"".join(values)))


def signed(
    world: World,
    *,
    content: bytes | None = None,
    content_type: str = cms.KEY_PACKAGE,
    digest: str = SHA256,
    listed: str | None = None,
    attributes: list[bytes] | None = None,
    sid: bytes | None = None,
    signature_of: Callable[[bytes], bytes] | None = None,
    algorithm: bytes | None = None,
    certificates: list[x509.Certificate] | None = None,
    signers: int = 1,
    detached: bool = False,
) -> bytes:
    """SignedData as RFC 9483 4.1.6 has it, with what a test exchanges."""
    content = package(pkcs8(world.key)) if content is None else content
    hashed = {SHA256: sha256, SHA512: sha512}.get(digest, sha256)(content).digest()
    if attributes is None:
        attributes = [
            attribute(CONTENT_TYPE, cms.oid(cms.KEY_PACKAGE)),
            attribute(MESSAGE_DIGEST, cms.octets(hashed)),
        ]
    covered = b"".join(attributes)
    signature = (signature_of or (lambda data: sign(world.signer_key, data)))(
        cms.tlv(0x31, covered)
    )
    made_with = algorithm or cms.der.algorithm(signature_algorithm(world.signer_key))
    certificates = [world.signer, world.ca.certificate] if certificates is None else certificates
    info = cms.sequence(
        cms.integer(1),
        sid or cms.identifier(world.signer),
        cms.algorithm(digest),
        cms.tlv(0xA0, covered) if attributes else b"",
        made_with,
        cms.octets(signature),
    )
    return cms.sequence(
        cms.integer(3),
        cms.tlv(0x31, cms.algorithm(listed or digest)),
        cms.sequence(
            cms.oid(content_type), b"" if detached else cms.tlv(0xA0, cms.octets(content))
        ),
        cms.tlv(0xA0, b"".join(one.public_bytes(Encoding.DER) for one in certificates)),
        cms.tlv(0x31, info * signers),
    )


def numbers(key: PrivateKeyTypes) -> bytes:
    return pkcs8(key)


class TestOpenssl:
    pytestmark = needs_openssl

    @pytest.mark.parametrize("options", [[], ["-keyid"], ["-stream"], ["-md", "sha512"]])
    @pytest.mark.parametrize("kind", ["ec", "rsa"])
    def test_it_is_read(self, tmp_path: Path, world: World, kind: str, options: list[str]) -> None:
        key = (
            ec.generate_private_key(ec.SECP384R1())
            if kind == "ec"
            else rsa.generate_private_key(65537, 2048)
        )
        signer = kga(world.ca, key)
        path = cms.write(tmp_path, signer, key)
        above = cms.write(tmp_path, world.ca.certificate)
        der = cms.cms(
            *("-sign", "-nodetach", "-nosmimecap", "-econtent_type", cms.KEY_PACKAGE),
            *("-signer", path, "-inkey", path.with_suffix(".key"), "-certfile", above, *options),
            given=package(pkcs8(world.key)),
        )
        found = world.read(der)
        assert numbers(found.private_key) == numbers(world.key)
        assert found.signer == signer
        assert found.chain == (world.ca.certificate,)

    def test_inside_an_enveloped_data(self, tmp_path: Path, world: World) -> None:
        """What a CA delivers as a whole (RFC 9483 4.1.6.1)."""
        ours = rsa.generate_private_key(65537, 2048)
        certificate = world.ca.issue(name("fw1"), ours.public_key())
        recipient = cms.write(tmp_path, certificate)
        der = cms.cms(
            *("-encrypt", "-aes-256-cbc", "-keyid", "-econtent_type", SIGNED_DATA, recipient),
            given=signed(world),
        )
        # openssl 3.0 writes id-data whatever it is told.
        plain = open_enveloped(der, key=ours, certificate=certificate)
        assert numbers(world.read(plain).private_key) == numbers(world.key)


class TestAccepted:
    @pytest.mark.parametrize(
        "key",
        [
            rsa.generate_private_key(65537, 2048),
            ec.generate_private_key(ec.SECP521R1()),
            ed25519.Ed25519PrivateKey.generate(),
            x25519.X25519PrivateKey.generate(),
            mlkem.MLKEM768PrivateKey.generate(),
        ],
        ids=lambda key: type(key).__name__,
    )
    def test_keys_with_and_without_their_public_key(
        self, world: World, key: PrivateKeyTypes
    ) -> None:
        for one in (pkcs8(key), with_public_key(key, public_bits(key))):
            found = world.read(signed(world, content=package(one)))
            assert numbers(found.private_key) == numbers(key)
            assert "private" not in repr(found)

    def test_intermediates_and_signer_at_hand(self, world: World) -> None:
        der = signed(world, certificates=[])
        assert world.read(der, (world.ca.certificate, world.signer)).chain == ()

    def test_signed_with_ed25519(self, world: World) -> None:
        """openssl 3.0 does not sign CMS with it. RFC 8419 2.3 asks for SHA-512."""
        key = ed25519.Ed25519PrivateKey.generate()
        other = World(world.root, world.ca, key, kga(world.ca, key))
        assert other.read(signed(other, digest=SHA512)).signer == other.signer

    def test_a_ca_itself(self, world: World) -> None:
        """RFC 9810 4.5: a CA needs no extendedKeyUsage."""
        key = ec.generate_private_key(ec.SECP256R1())
        ca = kga(world.ca, key, is_ca=True, usages=("key_cert_sign", *SIGNS), extensions=[])
        itself = World(world.root, world.ca, key, ca)
        assert itself.read(signed(itself)).signer == ca


class TestViolated:
    def test_1_content_is_no_key_package(self, world: World) -> None:
        with pytest.raises(UnexpectedAnswer, match="the signed content"):
            world.read(signed(world, content_type=cms.DATA))

    def test_1_content_is_absent(self, world: World) -> None:
        with pytest.raises(UnexpectedAnswer, match="expected a key package, got nothing"):
            world.read(signed(world, detached=True))

    @pytest.mark.parametrize("count", [0, 2])
    def test_2_signers(self, world: World, count: int) -> None:
        with pytest.raises(UnexpectedAnswer, match=f"expected 1, got {count}"):
            world.read(signed(world, signers=count))

    def test_3_digest_not_accepted(self, world: World) -> None:
        with pytest.raises(AlgorithmNotSupported, match="SHA-1"):
            world.read(signed(world, digest=SHA1))

    def test_3_digest_not_listed(self, world: World) -> None:
        with pytest.raises(AlgorithmNotSupported, match="not among its digests"):
            world.read(signed(world, listed=SHA512))

    def test_4_signature_with_another_digest(self, world: World) -> None:
        with pytest.raises(AlgorithmNotSupported, match="another digest"):
            world.read(signed(world, digest=SHA512))

    @pytest.mark.parametrize("missing", [0, 1])
    def test_5_6_attribute_missing(self, world: World, missing: int) -> None:
        digest = sha256(package(pkcs8(world.key))).digest()
        both = [
            attribute(CONTENT_TYPE, cms.oid(cms.KEY_PACKAGE)),
            attribute(MESSAGE_DIGEST, cms.octets(digest)),
        ]
        both.pop(missing)
        with pytest.raises(UnexpectedAnswer, match="expected one value, got 0"):
            world.read(signed(world, attributes=both))

    def test_5_6_no_attributes(self, world: World) -> None:
        """A signature over the content itself: without attributes it could be taken for another's."""
        content = package(pkcs8(world.key))
        der = signed(world, attributes=[], signature_of=lambda _: sign(world.signer_key, content))
        with pytest.raises(UnexpectedAnswer, match="contentType"):
            world.read(der)

    def test_5_content_type_of_another(self, world: World) -> None:
        digest = sha256(package(pkcs8(world.key))).digest()
        attributes = [
            attribute(CONTENT_TYPE, cms.oid(cms.DATA)),
            attribute(MESSAGE_DIGEST, cms.octets(digest)),
        ]
        with pytest.raises(UnexpectedAnswer, match="contentType"):
            world.read(signed(world, attributes=attributes))

    @pytest.mark.parametrize("twice", ["attribute", "value"])
    def test_6_digest_twice(self, world: World, twice: str) -> None:
        digest = cms.octets(sha256(package(pkcs8(world.key))).digest())
        attributes = [attribute(CONTENT_TYPE, cms.oid(cms.KEY_PACKAGE))]
        if twice == "value":
            attributes += [attribute(MESSAGE_DIGEST, digest, digest)]
        else:
            attributes += [attribute(MESSAGE_DIGEST, digest)] * 2
        with pytest.raises(UnexpectedAnswer, match="expected one value, got 2"):
            world.read(signed(world, attributes=attributes))

    def test_6_digest_of_another_content(self, world: World) -> None:
        attributes = [
            attribute(CONTENT_TYPE, cms.oid(cms.KEY_PACKAGE)),
            attribute(MESSAGE_DIGEST, cms.octets(sha256(b"").digest())),
        ]
        with pytest.raises(ProtectionError, match="the signed digest"):
            world.read(signed(world, attributes=attributes))

    def test_7_signer_not_at_hand(self, world: World) -> None:
        with pytest.raises(UntrustedCertificate, match="not at hand"):
            world.read(signed(world, sid=cms.tlv(0x80, bytes(20))))

    def test_8_signature_of_another_key(self, world: World) -> None:
        other = ec.generate_private_key(ec.SECP256R1())
        with pytest.raises(ProtectionError, match="the key package: the signature is wrong"):
            world.read(signed(world, signature_of=lambda data: sign(other, data)))

    def test_8_attributes_signed_under_their_own_tag(self, world: World) -> None:
        """RFC 5652 5.4: what is signed is a SET OF, not the tag [0] that stands in the message."""
        der = signed(world, signature_of=lambda data: sign(world.signer_key, b"\xa0" + data[1:]))
        with pytest.raises(ProtectionError):
            world.read(der)

    @pytest.mark.parametrize(
        "extensions",
        [
            [],
            [
                x509.Extension(
                    x509.ExtendedKeyUsage.oid,
                    False,
                    x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
                )
            ],
        ],
    )
    def test_9_no_authority(
        self, world: World, extensions: list[x509.Extension[x509.ExtensionType]]
    ) -> None:
        plain = World(
            world.root,
            world.ca,
            world.signer_key,
            kga(world.ca, world.signer_key, extensions=extensions),
        )
        with pytest.raises(UntrustedCertificate, match="id-kp-cmKGA"):
            plain.read(signed(plain))

    def test_9_may_not_sign(self, world: World) -> None:
        certificate = kga(world.ca, world.signer_key, usages=("key_agreement",))
        silent = World(world.root, world.ca, world.signer_key, certificate)
        with pytest.raises(UntrustedCertificate, match="keyUsage"):
            silent.read(signed(silent))

    def test_10_another_root(self, world: World) -> None:
        with pytest.raises(UntrustedCertificate, match="does not lead"):
            key_package(signed(world), [make_root("Other").certificate], [], NOW)

    def test_10_another_time(self, world: World) -> None:
        with pytest.raises(UntrustedCertificate, match="expired"):
            key_package(signed(world), [world.root.certificate], [], NOW + timedelta(days=60))

    @pytest.mark.parametrize("count", [0, 2])
    def test_11_keys(self, world: World, count: int) -> None:
        der = signed(world, content=package(*[pkcs8(world.key)] * count))
        with pytest.raises(UnexpectedAnswer, match=f"expected 1, got {count}"):
            world.read(der)

    def test_12_public_key_of_another(self, world: World) -> None:
        other = public_bits(ec.generate_private_key(ec.SECP256R1()))
        der = signed(world, content=package(with_public_key(world.key, other)))
        with pytest.raises(MalformedMessage, match="another one's"):
            world.read(der)

    def test_12_key_that_cannot_be_read(self, world: World) -> None:
        key = cms.sequence(
            cms.integer(0), cms.algorithm("1.2.840.113549.1.1.1", cms.NULL), cms.octets(b"\x30\x00")
        )
        with pytest.raises(MalformedMessage, match="cannot be read"):
            world.read(signed(world, content=package(key)))

    def test_12_key_of_a_kind_that_is_not_known(self, world: World) -> None:
        key = cms.sequence(cms.integer(0), cms.algorithm("1.2.3.4"), cms.octets(b"key"))
        with pytest.raises(AlgorithmNotSupported):
            world.read(signed(world, content=package(key)))

    def test_12_no_key_package(self, world: World) -> None:
        with pytest.raises(MalformedMessage, match="AsymmetricKeyPackage"):
            world.read(signed(world, content=b"\x04\x00"))

    def test_too_many_certificates(self, world: World) -> None:
        with pytest.raises(MalformedMessage, match="17 certificates"):
            world.read(signed(world, certificates=[world.signer] * 17))


@pytest.fixture(scope="session")
def honest(world: World) -> bytes:
    return signed(world)


# What cryptography warns of, a certificate with a serial number below 1, leads nowhere as any other.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=300)
def test_a_changed_bit_never_gives_another_key(
    world: World, honest: bytes, share: float, bit: int
) -> None:
    der = bytearray(honest)
    der[int(share * len(der))] ^= 1 << bit
    try:
        found = world.read(bytes(der))
    except CMPError:
        return
    assert numbers(found.private_key) == numbers(world.key)


@given(share=st.floats(0, 1, exclude_max=True))
def test_what_is_cut_is_malformed(world: World, honest: bytes, share: float) -> None:
    with pytest.raises(MalformedMessage):
        world.read(honest[: int(share * len(honest))])
