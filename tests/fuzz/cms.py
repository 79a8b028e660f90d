"""Fuzzes the reading of CMS with mutated messages, for as long as one likes.

    .venv/bin/python tests/fuzz/cms.py --seconds 300

Seeds are one message of each kind. Whatever the bytes are, only a CMPError may come out, and soon; a key of a
package may be none but the one that was signed. What does not hold is printed once for each place in
the code; the exit code is then 1. A run can be repeated with `--seed`.
"""

import argparse
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "cmp")]

from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa, x25519  # noqa: E402
from csc.runtime.cmp.codec.pop import encode_challenges  # noqa: E402
from csc.runtime.cmp.enveloped import (  # noqa: E402
    answer_challenge,
    key_package,
    open_encrypted_value,
    open_enveloped,
)
from csc.runtime.cmp.errors import CMPError  # noqa: E402
from fuzz.mutation import in_the_bytes  # noqa: E402
from peers import cms  # noqa: E402
from peers.certificates import NOW, make_intermediate, make_root  # noqa: E402
from test_key_package import World, kga, pkcs8, signed  # noqa: E402
from test_pop import CA, challenge  # noqa: E402

SLOWEST = 5.0  # seconds for one message; the most that PBKDF2 may cost, with room
KEY = bytes(range(32))
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
X = x25519.X25519PrivateKey.generate()
KEM = mlkem.MLKEM768PrivateKey.generate()

Read = Callable[[bytes], object]


def seeds() -> list[tuple[bytes, Read]]:
    root = make_root()
    ca = make_intermediate(root, "Issuing")
    signer = ec.generate_private_key(ec.SECP256R1())
    world = World(root, ca, signer, kga(ca, signer))
    expected = pkcs8(world.key)

    def package(der: bytes) -> None:
        assert pkcs8(key_package(der, [root.certificate], [], NOW).private_key) == expected

    v15 = RSA.public_key().encrypt(KEY, padding.PKCS1v15())
    transport = cms.for_rsa(cms.NOBODY, v15, cms.algorithm("1.2.840.113549.1.1.1", cms.NULL))
    scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    oaep = RSA.public_key().encrypt(KEY, scheme)
    transport_oaep = cms.for_rsa(
        cms.NOBODY, oaep, cms.algorithm("1.2.840.113549.1.1.7", b"\x30\x00")
    )
    agreed = cms.for_agreement(EC.public_key(), KEY, "1.3.132.1.11.1", "x963", hashes.SHA256())
    hkdf = cms.for_agreement(
        X.public_key(), KEY, "1.2.840.113549.1.9.16.3.19", "hkdf", hashes.SHA256(), ukm=b"ukm"
    )
    kem = cms.for_kem(KEM.public_key(), KEY)
    password = cms.for_password(b"p", KEY, iterations=1000)
    value = cms.sequence(
        cms.tlv(0xA1, cms.algorithm(cms.AES256_CBC, cms.octets(bytes(16)))[2:]),
        cms.tlv(0x82, b"\x00" + v15),
        cms.tlv(0x03, b"\x00" + bytes(32)),
    )

    def everything(der: bytes) -> None:
        for key in (RSA, EC, X, KEM):
            open_enveloped(der, key=key, password=b"p")

    return [
        (signed(world), package),
        (value, lambda der: open_encrypted_value(der, key=RSA)),
        (encode_challenges([challenge(EC)]), lambda der: answer_challenge(der, key=EC, sender=CA)),
        (cms.auth_enveloped(b"secret", [kem], KEY), lambda der: open_enveloped(der, key=KEM)),
        (cms.enveloped(b"secret", [kem, transport, agreed, password], KEY), everything),
        *(
            (
                cms.enveloped(b"secret", [info], KEY),
                lambda der, key=key: open_enveloped(der, key=key),
            )
            for info, key in (
                (transport, RSA),
                (transport_oaep, RSA),
                (agreed, EC),
                (hkdf, X),
                (kem, KEM),
            )
        ),
        (
            cms.enveloped(b"secret", [password], KEY),
            lambda der: open_enveloped(der, password=b"p"),
        ),
    ]


def mutated(der: bytes, others: list[bytes], chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        der = in_the_bytes(der, others, chance)
    return der


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    warnings.simplefilter("ignore")  # of certificates with odd serial numbers
    print(f"seed {arguments.seed}")
    made = seeds()
    ders = [der for der, _ in made]
    found: set[str] = set()
    tried = opened = 0
    slowest = 0.0
    ends = time.monotonic() + arguments.seconds
    while time.monotonic() < ends:
        der, read = chance.choice(made)
        data = mutated(der, ders, chance)
        begun = time.monotonic()
        tried += 1
        try:
            read(data)
            opened += 1
        except CMPError:
            pass
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {place.filename}:{place.lineno}"
            if key not in found:
                found.add(key)
                traceback.print_exc()
                print(data.hex())
        took = time.monotonic() - begun
        slowest = max(slowest, took)
        if took > SLOWEST and "slow" not in found:
            found.add("slow")
            print(f"{took:.1f} seconds: {data.hex()}")
    print(
        f"{tried} messages, {opened} opened, the slowest in {slowest:.2f} s, {len(found)} findings"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
