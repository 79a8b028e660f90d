"""The codec: laws over generated messages, bytes that openssl wrote, and garbage."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from csc.runtime.cmp.codec import (
    MAX_MESSAGE_SIZE,
    decode,
    decode_pbm_parameter,
    encode_cert_request,
    encode_message,
    encode_pbm_parameter,
    encode_protected_part,
)
from csc.runtime.cmp.errors import MalformedMessage
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertId,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertResponse,
    CertStatus,
    CertTemplate,
    ErrorMsgContent,
    Extension,
    InfoTypeAndValue,
    NestedMessageContent,
    OtherContent,
    PBMParameter,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PopoKind,
    ProofOfPossession,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from peers import asn1
from peers.der import nodes, wrap
from peers.fake_ca import FakeCA
from peers.openssl import needs_openssl

# Generated messages.

octets = st.binary(max_size=40)
oids = st.sampled_from(["1.2.840.113549.1.1.11", "2.5.29.17", "1.3.6.1.5.5.7.4.13", "2.999.1"])
values = st.sampled_from([b"\x05\x00", b"\x04\x02hi", b"\x30\x03\x02\x01\x07", b"\x0c\x01x"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-(2**31), 2**160)
times = st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)
names = st.lists(
    st.tuples(
        st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME]),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=16),
    ),
    max_size=3,
).map(lambda pairs: x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs]))
keys = st.sampled_from(
    [
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for key in (
            ec.generate_private_key(ec.SECP256R1()).public_key(),
            ec.generate_private_key(ec.SECP521R1()).public_key(),
            ed25519.Ed25519PrivateKey.generate().public_key(),
        )
    ]
)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


def some(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(strategy, max_size=3).map(tuple)


algorithms = st.builds(AlgorithmIdentifier, oids, maybe(values))
extensions = st.builds(Extension, oids, st.booleans(), octets)
cert_ids = st.builds(CertId, names, integers)
statuses = st.builds(
    PKIStatusInfo,
    st.sampled_from(PKIStatus) | st.integers(7, 1000),
    some(texts),
    st.frozensets(st.sampled_from(PKIFailureInfo)),
)
templates = st.builds(
    CertTemplate,
    maybe(names),
    maybe(names),
    maybe(integers),
    maybe(keys),
    maybe(times),
    maybe(times),
    some(extensions),
)
pops = st.sampled_from([PopoKind.ABSENT, PopoKind.RA_VERIFIED]).map(ProofOfPossession) | st.builds(
    ProofOfPossession, st.just(PopoKind.SIGNATURE), algorithms, octets
)


@st.composite
def cert_req_msgs(draw: st.DrawFn) -> CertReqMsg:
    number, template = draw(st.integers(-1, 5)), draw(templates)
    old = draw(maybe(cert_ids))
    der = encode_cert_request(number, template, old)
    return CertReqMsg(number, template, draw(pops), der, old)


headers = st.builds(
    PKIHeader,
    st.integers(0, 5),
    names,
    names,
    maybe(times),
    maybe(algorithms),
    maybe(octets),
    maybe(octets),
    maybe(octets),
    maybe(octets),
    maybe(octets),
    some(texts),
    some(st.builds(InfoTypeAndValue, oids, maybe(values))),
)


def of(types: list[BodyType], content: st.SearchStrategy) -> st.SearchStrategy[PKIBody]:
    return st.builds(PKIBody, st.sampled_from(types), content)


bodies = st.one_of(
    of([BodyType.IR, BodyType.CR, BodyType.KUR], st.builds(CertReqMessages, some(cert_req_msgs()))),
    of(
        [BodyType.IP, BodyType.CP, BodyType.KUP],
        st.builds(
            CertRepMessage,
            some(st.builds(CertResponse, st.integers(-1, 5), statuses, maybe(values))),
            some(values),
        ),
    ),
    of(
        [BodyType.RR],
        st.builds(RevReqContent, some(st.builds(RevDetails, templates, some(extensions)))),
    ),
    of([BodyType.RP], st.builds(RevRepContent, some(statuses), some(cert_ids))),
    of(
        [BodyType.CERT_CONF],
        st.builds(
            CertConfirmContent,
            some(
                st.builds(
                    CertStatus, octets, st.integers(-1, 5), maybe(statuses), maybe(algorithms)
                )
            ),
        ),
    ),
    of([BodyType.PKI_CONF], st.just(PKIConfirmContent())),
    of([BodyType.NESTED], st.builds(NestedMessageContent, some(values))),
    of([BodyType.ERROR], st.builds(ErrorMsgContent, statuses, maybe(integers), some(texts))),
)


@given(headers, bodies, maybe(octets), some(values))
def test_what_is_written_is_read(
    header: PKIHeader, body: PKIBody, protection: bytes | None, certificates: tuple[bytes, ...]
) -> None:
    """decode(encode(m)) == m, and the ProtectedPart comes back as the bytes that went in."""
    part = encode_protected_part(header, body)
    data = encode_message(part, protection, certificates)
    assert decode(data) == PKIMessage(header, body, part, protection, certificates)


@given(st.builds(PBMParameter, octets, algorithms, st.integers(0, 2**40), algorithms))
def test_pbm_parameters_that_are_written_are_read(parameter: PBMParameter) -> None:
    assert decode_pbm_parameter(encode_pbm_parameter(parameter)) == parameter


# Bytes of openssl.


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


_SHARED = ("-secret", "pass:s3cret", "-ref", "r1", "-srv_secret", "pass:s3cret", "-srv_ref", "srv")
_SIGNED = (
    *("-cert", "ee.pem", "-key", "ee.key", "-trusted", "root.pem"),
    *("-srv_cert", "signer.pem", "-srv_key", "signer.key", "-srv_trusted", "root.pem"),
)
_COMMANDS = {
    "ir": ("-newkey", "ee.key", "-subject", "/O=Acme/CN=fw1", "-recipient", "/CN=Test Root"),
    "cr": (
        *("-newkey", "ee.key", "-subject", "/CN=fw1", "-recipient", "/CN=Test Root"),
        *("-days", "7", "-sans", "fw1.example", "-implicit_confirm"),
    ),
    "kur": ("-newkey", "ee.key", "-oldcert", "ee.pem"),
    "rr": ("-oldcert", "ee.pem", "-revreason", "1"),
}


@pytest.fixture(scope="session")
def of_openssl(ca: FakeCA, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """All messages of four transactions between openssl's client and its server, each done twice."""
    folder = tmp_path_factory.mktemp("openssl")
    (folder / "root.pem").write_bytes(ca.root.certificate.public_bytes(Encoding.PEM))
    (folder / "ee.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    (folder / "ee.key").write_bytes(_pem(ca.certificate_key))
    (folder / "signer.pem").write_bytes(ca.signer.certificate.public_bytes(Encoding.PEM))
    assert isinstance(ca.signer.private_key, ec.EllipticCurvePrivateKey)
    (folder / "signer.key").write_bytes(_pem(ca.signer.private_key))
    messages: dict[str, bytes] = {}
    for command, options in _COMMANDS.items():
        for kind, credentials in (("mac", _SHARED), ("signed", _SIGNED)):
            files = [f"{command}-{kind}-{n}.der" for n in ("q1", "q2", "p1", "p2")]
            _openssl(
                folder,
                *("cmp", "-config", "", "-use_mock_srv", "-rsp_cert", "ee.pem", "-cmd", command),
                *("-no_check_time", *options, *credentials),
                *("-certout", "out.pem", "-reqout", ",".join(files[:2])),
                *("-rspout", ",".join(files[2:])),
            )
            messages |= {f: (folder / f).read_bytes() for f in files if (folder / f).exists()}
    return messages


@needs_openssl
def test_openssls_messages_are_written_as_openssl_wrote_them(of_openssl) -> None:
    """Whatever openssl's client and server say is read, and comes back byte for byte."""
    assert len(of_openssl) >= 26
    kinds: set[BodyType | None] = set()
    for label, data in of_openssl.items():
        message = decode(data)
        part = encode_protected_part(message.header, message.body)
        assert part == message.protected_part, label
        assert encode_message(part, message.protection, message.extra_certs) == data, label
        kinds.add(message.body.type)
    assert kinds >= {
        BodyType.IR, BodyType.IP, BodyType.CR, BodyType.CP, BodyType.KUR, BodyType.KUP,
        BodyType.RR, BodyType.RP, BodyType.CERT_CONF, BodyType.PKI_CONF,
    }  # fmt: skip


@needs_openssl
def test_openssls_request_says_what_it_was_told_to_say(of_openssl, ca: FakeCA) -> None:
    content = decode(of_openssl["cr-mac-q1.der"]).body.content
    assert isinstance(content, CertReqMessages)
    (request,) = content.requests
    template = request.template
    assert template.subject is not None
    assert template.subject.rfc4514_string() == "CN=fw1"
    assert template.not_before is not None
    assert template.not_after is not None
    assert (template.not_after - template.not_before).days == 7
    assert [extension.oid for extension in template.extensions] == ["2.5.29.17"]
    header = decode(of_openssl["cr-mac-q1.der"]).header
    assert [info.oid for info in header.general_info] == ["1.3.6.1.5.5.7.4.13"]
    content = decode(of_openssl["kur-signed-q1.der"]).body.content
    assert isinstance(content, CertReqMessages)
    old = CertId(ca.certificate.issuer, ca.certificate.serial_number)
    assert content.requests[0].old_cert_id == old


@needs_openssl
def test_openssl_reads_what_is_written_here(ca: FakeCA, key, tmp_path: Path) -> None:
    """`openssl asn1parse` finds one well-formed value, tagged as RFC 4211 tags it."""
    template = CertTemplate(
        subject=ca.certificate.subject,
        public_key=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )
    file = tmp_path / "request.der"
    file.write_bytes(encode_cert_request(0, template))
    parsed = subprocess.run(
        ["openssl", "asn1parse", "-inform", "DER", "-in", file],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "cont [ 5 ]" in parsed
    assert "cont [ 6 ]" in parsed
    assert "id-ecPublicKey" in parsed


# Limits and garbage.


def _example() -> bytes:
    header = PKIHeader(2, x509.Name([]), x509.Name([]), transaction_id=bytes(16))
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(PKIStatusInfo(PKIStatus.REJECTION, ("no",))))
    return encode_message(encode_protected_part(header, body), bytes(20), (b"\x05\x00",))


EXAMPLE = _example()


def test_the_size_is_checked_before_anything_is_read() -> None:
    with pytest.raises(MalformedMessage, match="1048577 bytes, more than 1048576"):
        decode(EXAMPLE + bytes(MAX_MESSAGE_SIZE + 1 - len(EXAMPLE)))


def test_nothing_may_follow() -> None:
    assert decode(EXAMPLE)
    with pytest.raises(MalformedMessage, match="2 bytes follow"):
        decode(EXAMPLE + b"\x05\x00")


@pytest.mark.parametrize("end", range(len(EXAMPLE)))
def test_no_part_of_a_message_is_a_message(end: int) -> None:
    with pytest.raises(MalformedMessage):
        decode(EXAMPLE[:end])


def test_a_number_takes_no_more_bytes_than_it_needs() -> None:
    """X.690 8.3.2. The header's pvno, 2, comes first of all."""
    header, body, *_ = nodes(nodes(EXAMPLE)[0].content)
    assert header.content.startswith(b"\x02\x01\x02")
    longer = wrap(0x30, b"\x02\x02\x00\x02" + header.content[3:])
    with pytest.raises(MalformedMessage, match="an INTEGER takes more bytes than it needs"):
        decode(wrap(0x30, longer, body.der))


def test_deep_nesting_is_malformed() -> None:
    """A message of nothing but openings, as deep as its size allows."""
    data = b"\x05\x00"
    while len(data) < 60_000:
        size = len(data)
        length = bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 0xFF])
        data = b"\x30" + length + data
    with pytest.raises(MalformedMessage):
        decode(data)


@given(st.binary(max_size=200))
def test_garbage_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(data)


@given(st.binary(max_size=100))
def test_garbage_is_no_pbm_parameter(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_pbm_parameter(data)


@settings(max_examples=300)
@given(headers, bodies, st.data())
def test_a_damaged_message_is_read_or_malformed(header, body, data) -> None:
    """Changed bytes may give another message; no other exception than MalformedMessage comes."""
    message = bytearray(encode_message(encode_protected_part(header, body), b"mac", ()))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(message))
    except MalformedMessage as error:
        assert str(error).isprintable()  # noqa: PT017
    else:
        asn1.check(bytes(message))  # what is read here is a message to pyasn1, too


@pytest.mark.parametrize(("tag", "name"), [(9, "krr"), (18, "crlann")])
def test_other_bodies_are_named(tag: int, name: str) -> None:
    message = bytearray(EXAMPLE)
    message[message.index(0xB7)] = 0xA0 | tag  # error is [23]
    assert decode(bytes(message)).body == PKIBody(None, OtherContent(name))


def test_an_unknown_body_is_malformed() -> None:
    message = bytearray(EXAMPLE)
    message[message.index(0xB7)] = 0xA0 | 29
    with pytest.raises(MalformedMessage, match="tag 29"):
        decode(bytes(message))


def test_a_body_that_is_not_read_is_not_written() -> None:
    header = PKIHeader(2, x509.Name([]), x509.Name([]))
    with pytest.raises(ValueError, match="genm"):
        encode_protected_part(header, PKIBody(None, OtherContent("genm")))
