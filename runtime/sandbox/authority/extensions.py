"""What a key of the CA is for in, the extensions that say so out (RFC 5280 4.2.1.3, 4.2.1.9)."""

from __future__ import annotations

from cryptography import x509

Extensions = list[x509.Extension[x509.ExtensionType]]


def of_ca(path_length: int | None = None) -> Extensions:
    """What a CA's certificate has; no more than `path_length` CAs come below it."""
    usage = key_usage(key_cert_sign=True, crl_sign=True)
    return [_critical(x509.BasicConstraints(ca=True, path_length=path_length)), _critical(usage)]


def of_signer(purpose: x509.ObjectIdentifier, *, agrees: bool = False) -> Extensions:
    """What the certificate of a server has that signs answers for the CA.

    With `agrees` its key also agrees keys, and it does nothing else.
    """
    return [
        _critical(x509.BasicConstraints(ca=False, path_length=None)),
        _critical(key_usage(digital_signature=True, key_agreement=agrees)),
        plain(x509.ExtendedKeyUsage([purpose])),
    ]


def plain(value: x509.ExtensionType) -> x509.Extension[x509.ExtensionType]:
    """An extension that is not critical."""
    return x509.Extension(value.oid, False, value)


def key_usage(
    *,
    digital_signature: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """keyUsage with what is said, and nothing else."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _critical(value: x509.ExtensionType) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, True, value)
