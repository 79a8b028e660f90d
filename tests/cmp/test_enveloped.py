"""Opening EnvelopedData: what openssl makes, what RFC texts say, RFC 9936's example, and garbage."""

import re
import secrets
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from csc.runtime.cmp.cms_model import KEMRecipientInfo
from csc.runtime.cmp.codec.cms import decode_enveloped_data, enveloped_data_of
from csc.runtime.cmp.enveloped import SIGNED_DATA, open_encrypted_value, open_enveloped
from csc.runtime.cmp.enveloped.content import open_content
from csc.runtime.cmp.enveloped.opening import MAX_RECIPIENTS
from csc.runtime.cmp.enveloped.passwords import MAX_ITERATIONS, MIN_ITERATIONS
from csc.runtime.cmp.enveloped.recipients import kem_kek, unwrapped
from csc.runtime.cmp.errors import (
    AlgorithmNotSupported,
    CMPError,
    DecryptionFailed,
    MalformedMessage,
    UnexpectedAnswer,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from peers import cms
from peers.certificates import Issuer, make_root, name
from peers.openssl import needs_openssl

SECRET = b"what only the recipient reads"
KEY = bytes(range(32))
PASSWORD = b"open sesame"
SHA256_SCHEME = "1.3.132.1.11.1"
HKDF_SCHEME = "1.2.840.113549.1.9.16.3.19"
RSA_V15 = cms.algorithm("1.2.840.113549.1.1.1", cms.NULL)


@dataclass(frozen=True)
class Recipient:
    key: PrivateKeyTypes
    certificate: x509.Certificate


@pytest.fixture(scope="session")
def root() -> Issuer:
    return make_root()


@pytest.fixture(scope="session")
def rsa_recipient(root: Issuer, rsa_key: rsa.RSAPrivateKey) -> Recipient:
    return Recipient(rsa_key, root.issue(name("rsa"), rsa_key.public_key(), usages=None))


@pytest.fixture(scope="session")
def ec_recipient(root: Issuer) -> Recipient:
    key = ec.generate_private_key(ec.SECP256R1())
    return Recipient(key, root.issue(name("ec"), key.public_key(), usages=None))


@pytest.fixture(scope="session")
def kem_key() -> mlkem.MLKEM768PrivateKey:
    return mlkem.MLKEM768PrivateKey.generate()


def rsa_enveloped(recipient: Recipient, key: bytes = KEY, **fields: str) -> bytes:
    public_key = recipient.certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    encrypted = public_key.encrypt(key, padding.PKCS1v15())
    rid = cms.identifier(recipient.certificate)
    return cms.enveloped(SECRET, [cms.for_rsa(rid, encrypted, RSA_V15)], KEY, **fields)


def kem_enveloped(
    key: mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey, **how: object
) -> bytes:
    return cms.enveloped(SECRET, [cms.for_kem(key.public_key(), KEY, **how)], KEY)  # pyright: ignore


class TestOpenssl:
    pytestmark = needs_openssl

    @pytest.mark.parametrize("cipher", ["-aes-128-cbc", "-aes-192-cbc", "-aes-256-cbc"])
    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["-keyid"],
            ["-stream"],
            ["-keyopt", "rsa_padding_mode:oaep"],
            [
                *("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
                *("-keyopt", "rsa_mgf1_md:sha384", "-keyopt", "rsa_oaep_label:6c6162656c"),
            ],
        ],
    )
    def test_rsa(
        self, tmp_path: Path, rsa_recipient: Recipient, cipher: str, options: list[str]
    ) -> None:
        keyid = [one for one in options if one == "-keyid"]
        others = [one for one in options if one != "-keyid"]
        path = cms.write(tmp_path, rsa_recipient.certificate)
        der = cms.cms("-encrypt", cipher, *keyid, "-recip", path, *others, given=SECRET)
        key, certificate = rsa_recipient.key, rsa_recipient.certificate
        assert open_enveloped(der, key=key, certificate=certificate) == SECRET
        assert open_enveloped(der, key=key) == SECRET

    @pytest.mark.parametrize(
        "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name
    )
    @pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
    def test_ecdh(self, tmp_path: Path, root: Issuer, curve: ec.EllipticCurve, digest: str) -> None:
        key = ec.generate_private_key(curve)
        certificate = root.issue(name("ec"), key.public_key(), usages=None)
        path = cms.write(tmp_path, certificate)
        cofactor = ["-keyopt", "ecdh_cofactor_mode:1"] if digest == "sha384" else []
        der = cms.cms(
            *("-encrypt", "-aes-256-cbc", "-keyid", "-recip", path),
            *("-keyopt", f"ecdh_kdf_md:{digest}", *cofactor),
            given=SECRET,
        )
        assert open_enveloped(der, key=key, certificate=certificate) == SECRET

    @pytest.mark.parametrize("wrap", ["-aes128-wrap", "-aes192-wrap", "-aes256-wrap"])
    def test_key_wraps(self, tmp_path: Path, ec_recipient: Recipient, wrap: str) -> None:
        path = cms.write(tmp_path, ec_recipient.certificate)
        der = cms.cms("-encrypt", "-aes-128-cbc", wrap, "-recip", path, given=SECRET)
        key, certificate = ec_recipient.key, ec_recipient.certificate
        assert open_enveloped(der, key=key, certificate=certificate) == SECRET

    @pytest.mark.parametrize("cipher", ["-aes-128-cbc", "-aes-192-cbc", "-aes-256-cbc"])
    def test_password(self, cipher: str) -> None:
        der = cms.cms("-encrypt", cipher, "-pwri_password", "open sesame", given=SECRET)
        assert open_enveloped(der, password=PASSWORD) == SECRET
        with pytest.raises(DecryptionFailed):
            open_enveloped(der, password=b"open barley")

    def test_gcm(self, tmp_path: Path, rsa_recipient: Recipient) -> None:
        path = cms.write(tmp_path, rsa_recipient.certificate)
        der = cms.cms("-encrypt", "-aes-256-gcm", "-recip", path, given=SECRET)
        assert open_enveloped(der, key=rsa_recipient.key) == SECRET
        changed = der[:-1] + bytes([der[-1] ^ 1])
        with pytest.raises(DecryptionFailed):
            open_enveloped(changed, key=rsa_recipient.key)

    def test_the_recipient_among_several_is_found_by_the_certificate(
        self, tmp_path: Path, root: Issuer, rsa_recipient: Recipient
    ) -> None:
        other = rsa.generate_private_key(65537, 2048)
        certificates = [
            root.issue(name("other"), other.public_key(), usages=None),
            rsa_recipient.certificate,
        ]
        paths = [cms.write(tmp_path, one) for one in certificates]
        der = cms.cms("-encrypt", "-aes-128-cbc", *paths, given=SECRET)
        key, certificate = rsa_recipient.key, rsa_recipient.certificate
        assert open_enveloped(der, key=key, certificate=certificate) == SECRET
        with pytest.raises(DecryptionFailed, match="2 recipients could be"):
            open_enveloped(der, key=key)

    def test_3des_is_refused_by_name(self, tmp_path: Path, rsa_recipient: Recipient) -> None:
        path = cms.write(tmp_path, rsa_recipient.certificate)
        der = cms.cms("-encrypt", "-des3", "-recip", path, given=SECRET)
        with pytest.raises(AlgorithmNotSupported, match=r"des-ede3-cbc.*1\.2\.840\.113549\.3\.7"):
            open_enveloped(der, key=rsa_recipient.key)

    def test_a_shared_symmetric_key_is_refused_by_name(self) -> None:
        der = cms.cms(
            *("-encrypt", "-aes-128-cbc", "-secretkey", "00" * 16, "-secretkeyid", "0102"),
            given=SECRET,
        )
        with pytest.raises(AlgorithmNotSupported, match="KEKRecipientInfo"):
            open_enveloped(der, password=PASSWORD)


class TestMadeFromTheText:
    @pytest.mark.parametrize("ukm", [None, b"keying material"])
    @pytest.mark.parametrize(
        ("scheme", "kdf", "digest"),
        [
            (SHA256_SCHEME, "x963", hashes.SHA256()),
            ("1.3.132.1.11.3", "x963", hashes.SHA512()),
            (HKDF_SCHEME, "hkdf", hashes.SHA256()),
            ("1.2.840.113549.1.9.16.3.20", "hkdf", hashes.SHA384()),
            ("1.2.840.113549.1.9.16.3.21", "hkdf", hashes.SHA512()),
        ],
    )
    @pytest.mark.parametrize("make", [x25519.X25519PrivateKey, x448.X448PrivateKey])
    def test_x25519_and_x448(
        self,
        make: type[x25519.X25519PrivateKey | x448.X448PrivateKey],
        scheme: str,
        kdf: str,
        digest: hashes.HashAlgorithm,
        ukm: bytes | None,
    ) -> None:
        key = make.generate()
        info = cms.for_agreement(key.public_key(), KEY, scheme, kdf, digest, ukm=ukm)
        assert open_enveloped(cms.enveloped(SECRET, [info], KEY), key=key) == SECRET
        with pytest.raises(DecryptionFailed):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), key=make.generate())

    def test_a_key_agreed_with_the_certificate_of_the_ca(
        self, root: Issuer, ec_recipient: Recipient
    ) -> None:
        """RFC 9483 4.1.6.2: the originator is who protects the message."""
        key = ec.generate_private_key(ec.SECP256R1())
        ca = root.issue(name("ca"), key.public_key())
        public_key = ec_recipient.certificate.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        ski = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        for originator in (cms.identifier(ca), cms.tlv(0x80, ski)):
            info = cms.for_agreement(
                *(public_key, KEY, SHA256_SCHEME, "x963", hashes.SHA256()),
                ukm=b"salt",
                static=(originator, key),
            )
            der = cms.enveloped(SECRET, [info], KEY)
            assert (
                open_enveloped(der, key=ec_recipient.key, originators=[root.certificate, ca])
                == SECRET
            )
            with pytest.raises(DecryptionFailed, match="not at hand"):
                open_enveloped(der, key=ec_recipient.key, originators=[root.certificate])

    def test_hkdf_is_not_for_the_curves_of_nist(self, ec_recipient: Recipient) -> None:
        public_key = ec_recipient.certificate.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        info = cms.for_agreement(public_key, KEY, HKDF_SCHEME, "hkdf", hashes.SHA256())
        with pytest.raises(AlgorithmNotSupported):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), key=ec_recipient.key)

    def test_mqv_is_refused_by_name(self, ec_recipient: Recipient) -> None:
        public_key = ec_recipient.certificate.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        info = cms.for_agreement(public_key, KEY, "1.3.132.1.15.1", "x963", hashes.SHA256())
        with pytest.raises(AlgorithmNotSupported, match="mqvSinglePass"):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), key=ec_recipient.key)

    def test_a_curve_of_no_rfc_is_refused(self) -> None:
        key = ec.generate_private_key(ec.SECP256K1())
        info = cms.for_agreement(key.public_key(), KEY, SHA256_SCHEME, "x963", hashes.SHA256())
        with pytest.raises(AlgorithmNotSupported, match="secp256k1"):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), key=key)

    def test_a_key_of_another_curve_is_none(self, ec_recipient: Recipient) -> None:
        other = ec.generate_private_key(ec.SECP384R1())
        info = cms.for_agreement(other.public_key(), KEY, SHA256_SCHEME, "x963", hashes.SHA256())
        with pytest.raises(MalformedMessage, match="no point"):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), key=ec_recipient.key)

    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_password_with_key_wrap(self, size: int) -> None:
        info = cms.for_password(PASSWORD, KEY, size=size, key_length=size)
        der = cms.enveloped(SECRET, [info], KEY)
        assert open_enveloped(der, password=PASSWORD) == SECRET
        with pytest.raises(DecryptionFailed):
            open_enveloped(der, password=b"open barley")

    @pytest.mark.parametrize(
        ("how", "error"),
        [
            ({"iterations": MIN_ITERATIONS - 1}, AlgorithmNotSupported),
            ({"salt": b"7 bytes"}, AlgorithmNotSupported),
            ({"key_length": 16}, MalformedMessage),
            ({"prf": cms.algorithm("1.2.840.113549.2.5", cms.NULL)}, AlgorithmNotSupported),
            ({"derivation": cms.algorithm("1.2.840.113533.7.66.13")[2:]}, AlgorithmNotSupported),
        ],
    )
    def test_limits_of_passwords(self, how: dict[str, object], error: type[CMPError]) -> None:
        info = cms.for_password(PASSWORD, KEY, **how)  # pyright: ignore
        with pytest.raises(error):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), password=PASSWORD)

    def test_too_many_iterations_are_not_begun(self) -> None:
        """With the count as sent it would take minutes."""
        many = cms.integer(2**31)
        parameters = cms.sequence(
            cms.octets(bytes(8)), many, cms.algorithm(cms.HMAC_SHA256, cms.NULL)
        )
        derivation = cms.algorithm(cms.PBKDF2, parameters)[2:]
        assert MAX_ITERATIONS < 2**31
        info = cms.for_password(PASSWORD, KEY, derivation=derivation)
        with pytest.raises(AlgorithmNotSupported, match="2147483648 iterations"):
            open_enveloped(cms.enveloped(SECRET, [info], KEY), password=PASSWORD)

    @pytest.mark.parametrize("ukm", [None, b"keying material"])
    @pytest.mark.parametrize("make", [mlkem.MLKEM768PrivateKey, mlkem.MLKEM1024PrivateKey])
    def test_ml_kem(
        self, make: type[mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey], ukm: bytes | None
    ) -> None:
        key = make.generate()
        der = kem_enveloped(key, ukm=ukm)
        assert open_enveloped(der, key=key) == SECRET
        with pytest.raises(DecryptionFailed):
            open_enveloped(der, key=make.generate())

    @pytest.mark.parametrize(
        ("how", "error", "says"),
        [
            ({"kek_length": 16}, MalformedMessage, "a key of 32 bytes is given one of 16"),
            ({"kdf": "2.16.840.1.101.3.4.2.21"}, AlgorithmNotSupported, "id-kmac128"),
            ({"kem": "2.16.840.1.101.3.4.4.1"}, AlgorithmNotSupported, "id-alg-ml-kem-512"),
            ({"kem": "2.16.840.1.101.3.4.4.3"}, AlgorithmNotSupported, "id-alg-ml-kem-1024"),
        ],
    )
    def test_ml_kem_in_other_ways(
        self,
        kem_key: mlkem.MLKEM768PrivateKey,
        how: dict[str, object],
        error: type[CMPError],
        says: str,
    ) -> None:
        with pytest.raises(error, match=says):
            open_enveloped(kem_enveloped(kem_key, **how), key=kem_key)

    def test_gcm_with_authenticated_attributes(self, kem_key: mlkem.MLKEM768PrivateKey) -> None:
        attribute = cms.sequence(cms.oid("1.2.840.113549.1.9.3"), cms.tlv(0x31, cms.oid(cms.DATA)))
        recipients = [cms.for_kem(kem_key.public_key(), KEY)]
        der = cms.auth_enveloped(SECRET, recipients, KEY, attribute)
        assert open_enveloped(der, key=kem_key) == SECRET
        changed = der.replace(cms.oid("1.2.840.113549.1.9.3"), cms.oid("1.2.840.113549.1.9.4"))
        with pytest.raises(DecryptionFailed):
            open_enveloped(changed, key=kem_key)

    def test_gcm_without_its_mac_is_refused(self, kem_key: mlkem.MLKEM768PrivateKey) -> None:
        recipients = [cms.for_kem(kem_key.public_key(), KEY)]
        der = cms.enveloped(SECRET, recipients, KEY, cipher=cms.AES256_GCM)
        with pytest.raises(AlgorithmNotSupported, match="aes256-GCM"):
            open_enveloped(der, key=kem_key)

    def test_cbc_with_a_mac_is_refused(self, kem_key: mlkem.MLKEM768PrivateKey) -> None:
        recipients = [cms.for_kem(kem_key.public_key(), KEY)]
        der = cms.enveloped(SECRET, recipients, KEY)
        content = cms.untag(b"\xa0" + der[1:])[1]
        with pytest.raises(AlgorithmNotSupported):
            open_enveloped(cms.sequence(content, cms.octets(bytes(16))), key=kem_key)


class TestRFC9936Example:
    """Appendix C: for ML-KEM-512, which is not at hand, so decapsulation is left out."""

    SECRET = bytes.fromhex("7DF12D412AE299A24FDE6D7C3BB8E3194C80AD3C733DCF2775E09FE8BEDB86D8")

    def example(self) -> bytes:
        pem = (Path(__file__).parent / "data" / "rfc9936-c1.pem").read_text()
        return cms.content_of(b64decode("".join(re.findall(r"^[^-].*$", pem, re.MULTILINE))))

    def test_each_step(self) -> None:
        enveloped = decode_enveloped_data(self.example())
        (info,) = enveloped.recipients
        assert isinstance(info, KEMRecipientInfo)
        assert info.rid == bytes.fromhex("599788C37AED400EE405D1B2A3366AB17D824A51")
        kek = kem_kek(info, self.SECRET)
        assert kek == bytes.fromhex("CF453A3E2BAE0A78701B8206C185A008")
        key = unwrapped(kek, info.encrypted_key)
        assert key == bytes.fromhex("C5153005588269A0A59F3C01943FDD56")
        assert open_content(enveloped, key) == b"Hello, world!"

    def test_ml_kem_512_is_refused_by_name(self, kem_key: mlkem.MLKEM768PrivateKey) -> None:
        with pytest.raises(AlgorithmNotSupported, match=r"id-alg-ml-kem-512 \(RFC 9936\)"):
            open_enveloped(self.example(), key=kem_key)


class TestRSAWithoutOracle:
    """Every way in which PKCS #1 v1.5 fails looks the same, and as a wrong content does."""

    def failure(self, der: bytes, recipient: Recipient) -> str:
        """What opening says; a random key passes once in 256 times, then it is tried again."""
        for _ in range(8):
            try:
                assert open_enveloped(der, key=recipient.key) != SECRET
            except DecryptionFailed as error:
                return str(error)
        raise AssertionError("eight random keys opened it")

    def test_all_say_the_same(self, rsa_recipient: Recipient) -> None:
        good = rsa_enveloped(rsa_recipient)
        size = 256
        start = good.index(b"\x04\x82\x01\x00") + 4
        bad_padding = good[:start] + b"\x01" * size + good[start + size :]
        wrong_size = rsa_enveloped(rsa_recipient, KEY[:16])
        wrong_key = rsa_enveloped(rsa_recipient, bytes(32))
        assert open_enveloped(good, key=rsa_recipient.key) == SECRET
        said = {self.failure(der, rsa_recipient) for der in (bad_padding, wrong_size)}
        # A wrong key is one fixed key: whether its padding is right by chance is fixed as well.
        with pytest.raises(DecryptionFailed) as caught:
            open_enveloped(wrong_key, key=rsa_recipient.key)
        assert said == {str(caught.value)}


class TestWhoItIsFor:
    def test_another_certificate(self, root: Issuer, rsa_recipient: Recipient) -> None:
        other = root.issue(name("other"), rsa_recipient.certificate.public_key())  # pyright: ignore
        with pytest.raises(DecryptionFailed, match="not for the key at hand, but for: KeyTrans"):
            open_enveloped(rsa_enveloped(rsa_recipient), key=rsa_recipient.key, certificate=other)

    def test_another_kind_of_key(self, rsa_recipient: Recipient, ec_recipient: Recipient) -> None:
        with pytest.raises(DecryptionFailed):
            open_enveloped(rsa_enveloped(rsa_recipient), key=ec_recipient.key)

    def test_nothing_to_open_it_with(self, rsa_recipient: Recipient) -> None:
        with pytest.raises(DecryptionFailed):
            open_enveloped(rsa_enveloped(rsa_recipient))

    def test_a_password_where_the_key_is_not_meant(self, rsa_recipient: Recipient) -> None:
        der = cms.enveloped(SECRET, [cms.for_password(PASSWORD, KEY)], KEY)
        assert open_enveloped(der, key=rsa_recipient.key, password=PASSWORD) == SECRET

    @pytest.mark.parametrize("count", [0, MAX_RECIPIENTS + 1])
    def test_number_of_recipients(self, count: int) -> None:
        der = cms.enveloped(SECRET, [cms.for_password(PASSWORD, KEY)] * count, KEY)
        with pytest.raises(MalformedMessage, match=f"has {count} recipients"):
            open_enveloped(der, password=PASSWORD)

    def test_type_of_the_content(self, rsa_recipient: Recipient) -> None:
        der = rsa_enveloped(rsa_recipient, content_type=SIGNED_DATA)
        assert open_enveloped(der, key=rsa_recipient.key, content_type=SIGNED_DATA) == SECRET
        with pytest.raises(UnexpectedAnswer):
            open_enveloped(
                rsa_enveloped(rsa_recipient), key=rsa_recipient.key, content_type=SIGNED_DATA
            )

    def test_encrypted_key_tags_it_implicitly(self, rsa_recipient: Recipient) -> None:
        der = rsa_enveloped(rsa_recipient)
        assert enveloped_data_of(b"\xa0" + der[1:]) == der
        assert enveloped_data_of(der) is None  # an EncryptedValue is a SEQUENCE
        with pytest.raises(MalformedMessage):
            enveloped_data_of(b"")


class TestEncryptedValue:
    """The form of RFC 4210."""

    def value(
        self,
        key: rsa.RSAPrivateKey,
        *,
        cipher: str = cms.AES256_CBC,
        scheme: bytes = RSA_V15,
        with_key: bool = True,
    ) -> bytes:
        enveloped = decode_enveloped_data(cms.enveloped(SECRET, [cms.for_password(b"", KEY)], KEY))
        encrypted = key.public_key().encrypt(KEY, padding.PKCS1v15())
        return cms.sequence(
            cms.tlv(0xA1, cms.algorithm(cipher, enveloped.algorithm.parameters)[2:]),
            cms.tlv(0x82, b"\x00" + encrypted) if with_key else b"",
            b"\xa3" + scheme[1:],
            cms.tlv(0x03, b"\x00" + enveloped.encrypted_content),
        )

    def test_it_opens(self, rsa_key: rsa.RSAPrivateKey) -> None:
        assert open_encrypted_value(self.value(rsa_key), key=rsa_key) == SECRET

    @pytest.mark.parametrize(
        "how",
        [
            {"cipher": "1.2.840.113549.3.7"},
            {"scheme": cms.algorithm("1.2.840.113549.1.1.7")},
            {"with_key": False},
        ],
    )
    def test_refused_by_name(self, rsa_key: rsa.RSAPrivateKey, how: dict[str, object]) -> None:
        with pytest.raises(AlgorithmNotSupported, match="EncryptedValue of RFC 4210"):
            open_encrypted_value(self.value(rsa_key, **how), key=rsa_key)  # pyright: ignore

    def test_for_a_key_that_is_not_rsa(
        self, rsa_key: rsa.RSAPrivateKey, ec_recipient: Recipient
    ) -> None:
        with pytest.raises(AlgorithmNotSupported, match="EncryptedValue of RFC 4210"):
            open_encrypted_value(self.value(rsa_key), key=ec_recipient.key)


# AES-CBC alone notices no change of what is encrypted, see `content`: everything else is noticed.
Opener = tuple[bytes, Callable[[bytes], bytes]]


@pytest.fixture(scope="session")
def openers(
    rsa_recipient: Recipient, ec_recipient: Recipient, kem_key: mlkem.MLKEM768PrivateKey
) -> dict[str, Opener]:
    public_key = ec_recipient.certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    agreed = cms.for_agreement(public_key, KEY, SHA256_SCHEME, "x963", hashes.SHA256())
    password = cms.for_password(PASSWORD, KEY, iterations=1000)
    kem = cms.for_kem(kem_key.public_key(), KEY)
    return {
        "rsa": (
            rsa_enveloped(rsa_recipient),
            lambda der: open_enveloped(der, key=rsa_recipient.key),
        ),
        "ecdh": (
            cms.enveloped(SECRET, [agreed], KEY),
            lambda der: open_enveloped(der, key=ec_recipient.key),
        ),
        "password": (
            cms.enveloped(SECRET, [password], KEY),
            lambda der: open_enveloped(der, password=PASSWORD),
        ),
        "kem": (cms.enveloped(SECRET, [kem], KEY), lambda der: open_enveloped(der, key=kem_key)),
        "gcm": (
            cms.auth_enveloped(SECRET, [kem], KEY),
            lambda der: open_enveloped(der, key=kem_key),
        ),
    }


KINDS = st.sampled_from(["rsa", "ecdh", "password", "kem", "gcm"])


@given(kind=KINDS, share=st.floats(0, 1, exclude_max=True))
def test_what_is_cut_never_opens(openers: dict[str, Opener], kind: str, share: float) -> None:
    der, opened = openers[kind]
    with pytest.raises(CMPError):
        opened(der[: int(share * len(der))])


@given(kind=KINDS, share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=400)
def test_a_changed_bit_ends_in_a_named_error_or_changes_nothing(
    openers: dict[str, Opener], kind: str, share: float, bit: int
) -> None:
    der, opened = openers[kind]
    at = int(share * len(der))
    changed = bytearray(der)
    changed[at] ^= 1 << bit
    try:
        plaintext = opened(bytes(changed))
    except CMPError:
        return
    if plaintext == SECRET:
        return  # a version, an identifier that is not looked at
    # The vector or the content of AES-CBC was hit, or the key that RSA transported.
    assert kind != "gcm"
    info = decode_enveloped_data(bytes(changed))
    before = decode_enveloped_data(der)
    assert (
        info.encrypted_content != before.encrypted_content
        or info.algorithm != before.algorithm
        or kind == "rsa"
    )


@given(data=st.binary(max_size=300))
def test_garbage_is_malformed(data: bytes) -> None:
    assume(data[:1] != b"\x30" or len(data) < 20)
    for opened in (open_enveloped, lambda der: open_encrypted_value(der, key=None)):  # pyright: ignore
        with pytest.raises(CMPError):
            opened(data)


def test_too_much_is_not_read() -> None:
    with pytest.raises(MalformedMessage, match="are more than"):
        open_enveloped(cms.octets(secrets.token_bytes(1024 * 1024)))


@pytest.mark.parametrize("nested", [b"\x30\x80" * 5000, b"\x24\x80" * 5000])
def test_deep_nesting_is_refused(nested: bytes) -> None:
    with pytest.raises(MalformedMessage, match="nested deeper"):
        open_enveloped(nested)
