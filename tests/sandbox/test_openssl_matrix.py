"""All that `openssl cmp` can ask of the sandbox CA: each command, protection and option, as tables.

What the client says is held against the ledger, and against the bodies that went over the wire.
"""

import subprocess
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from csc.runtime.cmp.codec import decode_pbm_parameter
from csc.runtime.cmp.model import PKIHeader
from csc.runtime.sandbox.ledger.ledger import Status
from peers.openssl import needs_openssl
from peers.openssl_sandbox import NEW, RENEWED, SECRET, SIGNED, Peer, peer_of_sandbox

pytestmark = needs_openssl

IR = ("-cmd", "ir", *SECRET, *NEW)
CONFIRMED = ["certConf", "pkiconf"]


@pytest.fixture
def peer(tmp_path: Path) -> Generator[Peer]:
    with peer_of_sandbox(tmp_path) as peer:
        yield peer


def certificate(peer: Peer, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((peer.folder / name).read_bytes())


def check_issued(peer: Peer, name: str, key: str, command: str) -> None:
    """What the client wrote is what the ledger has: the certificate, its key, by which request."""
    written, entry = certificate(peer, name), peer.last()
    assert written.public_bytes(Encoding.DER) == entry.data
    private = load_pem_private_key((peer.folder / key).read_bytes(), None)
    assert written.public_key() == private.public_key()
    assert entry.requested_with == command
    assert entry.transaction_id == (peer.messages[0].header.transaction_id or b"").hex()
    peer.verify(name)


# -- commands, each with each protection -----------------------------------------------------------

ANSWERS = {"ir": "ip", "cr": "cp", "p10cr": "cp", "kur": "kup"}
KINDS = ["RSA", "P-256", "P-384", "P-521"]


@pytest.mark.parametrize("command", ANSWERS)
@pytest.mark.parametrize("kind", ["secret", *KINDS])
def test_certificates(tmp_path: Path, kind: str, command: str) -> None:
    with peer_of_sandbox(tmp_path, "P-256" if kind == "secret" else kind) as peer:
        peer.ok(*IR)
        old = peer.last()
        protected = SECRET if kind == "secret" else SIGNED
        by = f"reference:{b'ref'.hex()}"
        if kind != "secret":
            by = f"certificate:{old.serial_number}"
        options, key = (*RENEWED, "-subject", "/CN=peer"), "new.key"
        if command == "p10cr":
            peer.certification_request()
            options, key = ("-csr", "peer.csr", "-certout", "new.pem"), "old.key"
        elif command == "kur":
            options = (*RENEWED, "-oldcert", "old.pem")
        peer.ok("-cmd", command, *protected, *options)
        assert peer.bodies() == [command, ANSWERS[command], *CONFIRMED]
        check_issued(peer, "new.pem", key, command)
        assert peer.last().authenticated_by == by
        assert peer.last().subject == "CN=peer"
        assert peer.statuses() == [Status.CONFIRMED] * 2


@pytest.mark.parametrize("kind", ["secret", *KINDS])
def test_revocation_and_question(tmp_path: Path, kind: str) -> None:
    with peer_of_sandbox(tmp_path, "P-256" if kind == "secret" else kind) as peer:
        peer.ok(*IR)
        protected = SECRET if kind == "secret" else SIGNED
        peer.ok("-cmd", "genm", *protected, "-infotype", "signKeyPairTypes")
        assert peer.bodies() == ["genm", "genp"]
        peer.ok("-cmd", "rr", *protected, "-oldcert", "old.pem", "-revreason", "4")
        assert peer.bodies() == ["rr", "rp"]
        assert [(e.status, e.reason) for e in peer.ca.ledger()] == [(Status.REVOKED, "superseded")]


def test_client_does_not_sign_messages_with_ed25519(tmp_path: Path) -> None:
    """openssl 3.0 does not: it fails before anything is sent. It does prove possession with it."""
    with peer_of_sandbox(tmp_path, "Ed25519") as peer:
        peer.ok(*IR)
        check_issued(peer, "old.pem", "old.key", "ir")
        if peer.run("-cmd", "cr", *SIGNED, *RENEWED).returncode:
            assert peer.messages == []
        else:  # a newer openssl
            check_issued(peer, "new.pem", "new.key", "cr")


DIGESTS = ["sha1", "sha224", "sha256", "sha384", "sha512"]
# hmac-sha1 is how RFC 4210 names it; hmacWithSHA1, RFC 8018.
MACS = ["hmac-sha1", *(f"hmacWithSHA{size}" for size in (1, 224, 256, 384, 512))]


@pytest.mark.parametrize("digest", DIGESTS)
def test_macs(peer: Peer, digest: str) -> None:
    """Each MAC with each one-way function; the answer is protected so that the client takes it."""
    for mac in MACS:
        peer.ok("-cmd", "genm", *SECRET, "-digest", digest, "-mac", mac, "-infotype", "caCerts")
        assert peer.bodies() == ["genm", "genp"]


@pytest.mark.parametrize("mac", ["hmac-sha1", "hmacWithSHA256", "hmacWithSHA512"])
def test_mac_of_a_whole_enrolment(peer: Peer, mac: str) -> None:
    """All answers have one algorithm; salts are new with each message of openssl's."""
    peer.ok(*IR, "-digest", "sha256", "-mac", mac)
    assert peer.statuses() == [Status.CONFIRMED]
    algorithms = [message.header.protection_alg for message in peer.messages[1::2]]
    parameters = [decode_pbm_parameter(a.parameters or b"") for a in algorithms if a is not None]
    assert len(parameters) == 2
    assert len({(p.owf, p.mac, p.iteration_count) for p in parameters}) == 1


@pytest.mark.parametrize("options", [("-mac", "hmacWithMD5"), ("-digest", "md5")])
def test_macs_that_are_not_accepted(peer: Peer, options: tuple[str, ...]) -> None:
    question = ("-cmd", "genm", *SECRET, "-infotype", "caCerts")
    peer.refused("badMessageCheck", *question, *options)
    assert peer.bodies() == ["genm", "error"]


@pytest.mark.parametrize("kind", ["RSA", "P-256", "P-384"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_digests_of_signatures(tmp_path: Path, kind: str, digest: str) -> None:
    """Those of the messages and of the proofs of possession in them."""
    with peer_of_sandbox(tmp_path, kind) as peer:
        peer.ok(*IR, "-digest", digest, "-mac", "hmacWithSHA256")
        peer.ok("-cmd", "kur", *SIGNED, *RENEWED, "-digest", digest)
        assert peer.statuses() == [Status.CONFIRMED] * 2


def test_sha1_signs_nothing(tmp_path: Path) -> None:
    with peer_of_sandbox(tmp_path, "RSA") as peer:
        peer.ok(*IR)
        result = peer.run("-cmd", "kur", *SIGNED, *RENEWED, "-digest", "sha1")
        assert result.returncode
        assert len(peer.ca.ledger()) == 1


# -- options ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Granted:
    """Options that an enrolment with a secret has besides, and what then is said and entered."""

    options: tuple[str, ...]
    command: str = "ir"
    bodies: tuple[str, ...] = ("ir", "ip", "certConf", "pkiconf")
    status: Status = Status.CONFIRMED
    behaviour: dict[str, object] = field(default_factory=dict)
    extension: x509.ExtensionType | None = None


def _names(*names: x509.GeneralName) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(names)


POLLED = ("ir", "ip", "pollReq", "pollRep", "pollReq", "ip", "certConf", "pkiconf")

GRANTED = {
    "implicit confirmation": Granted(
        ("-implicit_confirm",),
        bodies=("ir", "ip"),
        behaviour={"grants_implicit_confirm": True},
    ),
    "implicit confirmation that is not granted": Granted(("-implicit_confirm",)),
    "no confirmation": Granted(("-disable_confirm",), bodies=("ir", "ip"), status=Status.ISSUED),
    "proof by signature": Granted(("-popo", "1")),
    "a name": Granted(
        ("-sans", "gw.example.com"), extension=_names(x509.DNSName("gw.example.com"))
    ),
    "names of all kinds": Granted(
        ("-sans", "gw.example.com 192.0.2.1 https://example.com/a"),
    ),
    "days": Granted(("-days", "30")),
    "issuer": Granted(("-issuer", "ISSUER")),
    "sender": Granted(("-expect_sender", "SENDER")),
    "recipient": Granted(("-recipient", "SENDER")),
    "unknown generalInfo": Granted(("-geninfo", "1.2.3.4:int:56789")),
    "polling": Granted((), bodies=POLLED, behaviour={"polls": 1, "check_after": 0}),
    "polling in time": Granted(
        ("-total_timeout", "20"), bodies=POLLED, behaviour={"polls": 1, "check_after": 0}
    ),
    "polling and implicit confirmation": Granted(
        ("-implicit_confirm",),
        bodies=POLLED[:6],
        behaviour={"polls": 1, "check_after": 0, "grants_implicit_confirm": True},
    ),
    "connection for each message": Granted(("-keep_alive", "0")),
    "connection that is kept": Granted(("-keep_alive", "1")),
    "connection that has to be kept": Granted(("-keep_alive", "2")),
    "well-known path": Granted(("-path", ".well-known/cmp")),
    "labels": Granted(("-path", ".well-known/cmp/p/tls-server/initialization")),
    "timeout of a message": Granted(("-msg_timeout", "20")),
    "unprotected errors": Granted(("-unprotected_errors",)),
    "key usage of the signer": Granted(("-ignore_keyusage",)),
    "more certificates": Granted(("-extracerts", "root.pem")),
}


@pytest.mark.parametrize("name", GRANTED)
def test_granted(tmp_path: Path, name: str) -> None:
    case = GRANTED[name]
    with peer_of_sandbox(tmp_path, **case.behaviour) as peer:
        said = {"ISSUER": "/CN=csc sandbox issuing CA 1", "SENDER": _slashed(peer.ca.root.subject)}
        if "ISSUER" in case.options:
            peer.ok(*IR)
            said["ISSUER"] = _slashed(certificate(peer, "old.pem").issuer)
        options = [said.get(option, option) for option in case.options]
        peer.ok("-cmd", case.command, *SECRET, *NEW, *options)
        assert tuple(peer.bodies()) == case.bodies
        check_issued(peer, "old.pem", "old.key", case.command)
        assert peer.last().status is case.status
        if case.extension is not None:
            found = certificate(peer, "old.pem").extensions
            assert found.get_extension_for_class(type(case.extension)).value == case.extension


def _slashed(name: x509.Name) -> str:
    return "".join(f"/{a.rfc4514_attribute_name}={a.value}" for a in name)


# What is refused, how the client shows it, and in which body it came.
REFUSED = {
    "no proof": (("-popo", "-1"), "badPOP", "ip"),
    "raVerified": (("-popo", "0"), "POP", "ip"),
    "proof for encryption": (("-popo", "2"), "badPOP", "ip"),
    "another issuer": (
        ("-issuer", "/CN=x", "-recipient", "/CN=csc sandbox root CA"),
        "badCertTemplate",
        "ip",
    ),
    "another recipient": (("-recipient", "/CN=x"), "wrongAuthority", "error"),
    "not protected": (("-unprotected_requests",), "badMessageCheck", "error"),
    "another secret": (("-secret", "pass:wrong"), "badMessageCheck", "error"),
    "another reference": (("-ref", "nobody"), "badMessageCheck", "error"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(peer: Peer, name: str) -> None:
    options, words, body = REFUSED[name]
    if name == "raVerified":
        words = "badPOP" if "badPOP" in _shown(peer, *options) else "notAuthorized"
    peer.refused(words, *IR, *options)
    assert peer.bodies()[1] == body
    assert peer.ca.ledger() == ()


def _shown(peer: Peer, *options: str) -> str:
    result = peer.run(*IR, *options)
    return result.stdout + result.stderr


@pytest.mark.parametrize("options", [(), ("-unprotected_errors",)])
def test_errors_are_protected(peer: Peer, options: tuple[str, ...]) -> None:
    """The client takes a refusal as such, not as a message that is not protected."""
    for command in (("-popo", "-1"), ("-recipient", "/CN=x")):
        result = peer.run(*IR, *command, *options)
        assert "received 'rejection'" in result.stdout + result.stderr or (
            "PKIStatus: rejection" in result.stdout + result.stderr
        )


def test_short_key(peer: Peer) -> None:
    peer.key("old.key", "RSA-1024")
    peer.refused("badCertTemplate", *IR)
    assert peer.bodies() == ["ir", "ip"]


# -- revocation ------------------------------------------------------------------------------------

REASONS = {
    "-1": "unspecified",
    "0": "unspecified",
    "1": "keyCompromise",
    "2": "cACompromise",
    "3": "affiliationChanged",
    "4": "superseded",
    "5": "cessationOfOperation",
    "6": "certificateHold",
    "9": "privilegeWithdrawn",
    "10": "aACompromise",
}


@pytest.mark.parametrize("number", REASONS)
def test_reasons(peer: Peer, number: str) -> None:
    peer.ok(*IR)
    peer.ok("-cmd", "rr", *SIGNED, "-oldcert", "old.pem", "-revreason", number)
    assert (peer.last().status, peer.last().reason) == (Status.REVOKED, REASONS[number])
    peer.refused("certRevoked", "-cmd", "rr", *SIGNED, "-oldcert", "old.pem")
    peer.refused("certRevoked", "-cmd", "kur", *SIGNED, *RENEWED)


def test_hold_is_taken_back(peer: Peer) -> None:
    peer.ok(*IR)
    again = ("-cmd", "rr", *SECRET, "-oldcert", "old.pem", "-revreason")
    peer.refused("badRequest", *again, "8")
    peer.ok(*again, "6")
    peer.ok(*again, "8")
    assert peer.statuses() == [Status.CONFIRMED]
    peer.ok("-cmd", "kur", *SIGNED, *RENEWED)


# -- PKCS #10 and what is asked for ----------------------------------------------------------------


@pytest.mark.parametrize("command", ["ir", "cr", "kur"])
def test_pkcs10_as_template(peer: Peer, command: str) -> None:
    """The client converts it: subject, key and names come from there."""
    peer.ok(*IR)
    peer.certification_request()
    protected = SIGNED if command == "kur" else SECRET
    peer.ok("-cmd", command, *protected, "-csr", "peer.csr", "-newkey", "old.key",
            "-certout", "new.pem")  # fmt: skip
    check_issued(peer, "new.pem", "old.key", command)
    names = certificate(peer, "new.pem").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["gw.example.com"]


CONFIG = """\
[cmp]
[wanted]
extendedKeyUsage = serverAuth
keyUsage = critical, digitalSignature
subjectAltName = DNS:cfg.example.com
[policies]
certificatePolicies = 1.2.3.4
"""


@pytest.mark.parametrize(
    "options",
    [
        ("-reqexts", "wanted"),
        ("-policies", "policies"),
        ("-policy_oids", "1.2.3.4"),
        ("-policy_oids", "1.2.3.4", "-policy_oids_critical"),
    ],
)
def test_extensions(peer: Peer, options: tuple[str, ...]) -> None:
    """What is not granted as it was asked for is said, or it is refused."""
    (peer.folder / "wanted.cnf").write_text(CONFIG)
    result = peer.run(*IR, "-config", "wanted.cnf", *options)
    if result.returncode:
        assert peer.bodies() == ["ir", "ip"]
        assert peer.ca.ledger() == ()
        return
    check_issued(peer, "old.pem", "old.key", "ir")
    asked = {"-reqexts": "2.5.29.37", "-policies": "2.5.29.32", "-policy_oids": "2.5.29.32"}
    found = {e.oid.dotted_string for e in certificate(peer, "old.pem").extensions}
    is_granted = asked[options[0]] in found
    assert is_granted or "grantedWithMods" in result.stdout + result.stderr


# -- what is kept, replayed and written ------------------------------------------------------------


def test_files(peer: Peer) -> None:
    """-cacertsout has caPubs, -chainout and -extracertsout what came in extraCerts."""
    peer.ok(*IR, "-cacertsout", "ca.pem", "-chainout", "got.pem", "-extracertsout", "extra.pem")
    root = peer.ca.root
    assert x509.load_pem_x509_certificates((peer.folder / "ca.pem").read_bytes()) == [root]
    chain = x509.load_pem_x509_certificates((peer.folder / "got.pem").read_bytes())
    below = certificate(peer, "old.pem")
    for issuer in chain:
        below.verify_directly_issued_by(issuer)
        below = issuer


def test_der(peer: Peer) -> None:
    peer.ok(*IR, "-certform", "DER")
    assert (peer.folder / "old.pem").read_bytes() == peer.last().data


def test_same_requests_get_the_same_answers(peer: Peer) -> None:
    """-reqin sends what -reqout kept: nothing is issued a second time.

    openssl makes a certConf anew, with another salt and its old nonce: that is no repetition.
    """
    peer.ok(*IR, "-reqout", "ir.der certConf.der", "-rspout", "ip.der pkiconf.der")
    first = list(peer.messages)
    issued = peer.ca.ledger()
    result = peer.run(*IR, "-reqin", "ir.der certConf.der")
    assert peer.messages[:2] == first[:2]
    assert peer.ca.ledger() == issued
    shown = result.stdout + result.stderr
    assert result.returncode == 0 or "badSenderNonce" in shown


def test_responses_from_files(peer: Peer) -> None:
    """-rspin asks no server; its answers are for another transaction, as openssl finds out."""
    peer.ok(*IR, "-rspout", "ip.der pkiconf.der")
    issued = peer.ca.ledger()
    peer.run(*IR, "-rspin", "ip.der pkiconf.der")
    assert peer.messages == []
    assert peer.ca.ledger() == issued


def test_request_with_a_new_transaction_id(peer: Peer) -> None:
    """-reqin_new_tid changes the header and protects it again, with the nonce of another message."""
    peer.ok(*IR, "-reqout", "ir.der certConf.der")
    before: PKIHeader = peer.messages[0].header
    peer.refused("badSenderNonce", *IR, "-reqin", "ir.der", "-reqin_new_tid")
    assert peer.messages[0].header.transaction_id != before.transaction_id
    assert peer.messages[0].header.sender_nonce == before.sender_nonce
    assert len(peer.ca.ledger()) == 1


def test_repeated(peer: Peer) -> None:
    peer.ok(*IR, "-repeat", "3")
    assert peer.statuses() == [Status.CONFIRMED] * 3
    assert len({entry.transaction_id for entry in peer.ca.ledger()}) == 3


def test_pinned_server_certificate(peer: Peer) -> None:
    """-srvcert trusts the CMP signer itself."""
    peer.ok(*IR)
    peer.ok("-cmd", "genm", *SIGNED, "-infotype", "caCerts", "-extracertsout", "signer.pem")
    peer.ok("-cmd", "kur", *SIGNED, *RENEWED, "-srvcert", "signer.pem")
    check_issued(peer, "new.pem", "new.key", "kur")


def test_updates_name_what_they_update(peer: Peer) -> None:
    """-oldcert of somebody else is refused, whoever signs; so is another subject."""
    peer.ok(*IR)
    other = ("-newkey", "new.key", "-subject", "/CN=other", "-certout", "other.pem")
    peer.ok("-cmd", "cr", *SECRET, *other)
    peer.refused("notAuthorized", "-cmd", "kur", *SIGNED, *RENEWED, "-oldcert", "other.pem")
    assert peer.bodies() == ["kur", "kup"]
    peer.refused("badCertTemplate", "-cmd", "kur", *SIGNED, *RENEWED, "-subject", "/CN=new")
    peer.refused("notAuthorized", "-cmd", "rr", *SIGNED, "-oldcert", "other.pem")
    assert peer.bodies() == ["rr", "rp"]
    assert peer.statuses() == [Status.CONFIRMED] * 2


# -- questions -------------------------------------------------------------------------------------

QUESTIONS = {
    "signKeyPairTypes": "id-it-signKeyPairTypes",
    "encKeyPairTypes": "id-it-encKeyPairTypes",
    "currentCRL": "id-it-currentCRL",
    "caCerts": "id-it-caCerts",
    "certReqTemplate": "id-it-certReqTemplate",
    "rootCaCert": "id-it-rootCaKeyUpdate",
    "preferredSymmAlg": "",
    "caProtEncCert": "",
    "suppLangTags": "id-it-unsupportedOIDs",
    "caKeyUpdateInfo": "",
}


def test_questions(peer: Peer) -> None:
    """Every infotype that the client can ask for gets a genp; what is not known is said in it."""
    peer.ok(*IR)
    for question, answer in QUESTIONS.items():
        for protected in (SECRET, SIGNED):
            result = peer.run("-cmd", "genm", *protected, "-infotype", question)
            shown = result.stdout + result.stderr
            if "unknown OID name in -infotype" in shown:
                continue
            assert result.returncode == 0, shown
            assert peer.bodies() == ["genm", "genp"]
            assert answer in shown


def test_out_of_time(tmp_path: Path) -> None:
    """-total_timeout ends polling; what waits is issued to nobody."""
    with peer_of_sandbox(tmp_path, polls=100, check_after=1) as peer:
        result = subprocess.run(
            ["openssl", "cmp", "-config", "", "-batch", "-server", f"127.0.0.1:{peer.port}",
             "-no_proxy", "127.0.0.1", "-trusted", "root.pem", *IR, "-total_timeout", "1"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )  # fmt: skip
        assert result.returncode
        assert "timeout" in (result.stdout + result.stderr).lower()
        assert set(peer.bodies()) <= {"ir", "ip", "pollReq", "pollRep"}
        assert peer.ca.ledger() == ()
