"""Fixtures of the CMP tests: one CA in memory, one RSA key, and messages that openssl wrote."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from peers.fake_ca import FakeCA, make_fake_ca


@pytest.fixture(scope="session")
def ca() -> FakeCA:
    return make_fake_ca()


@pytest.fixture(scope="session")
def key() -> ec.EllipticCurvePrivateKey:
    """The new key of the end entity."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)
