"""A folder in, the authority whose keys lie there out; and back.

`authority.pem` is the authority: key and certificate of the root in use and of its issuing CA, then those of
the former ones, then the signer's, then what the roots certify of each other. It is replaced as a whole, so
that a roll-over has happened or has not. The other files are copies for people and other programs: `root.pem`
the root, `chain.pem` what leads to it, `signer.pem` the signer's key and certificate.

In a folder of an earlier version the root has issued everything: `root.pem` holds its key, and there is no
`authority.pem` until the folder is opened again. That root gets an issuing CA and another signer then.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ...files import write_atomically
from .authority import Authority, Generation, Links
from .certified_key import CertifiedKey, from_pem, to_pem
from .making import authority_under, new_authority, root_name
from .root import AUTHORITY_FILE, ROOT_FILE
from .settings import AuthoritySettings

_CHAIN_FILE, _SIGNER_FILE = "chain.pem", "signer.pem"


def open_authority(folder: Path, settings: AuthoritySettings | None, now: datetime) -> Authority:
    """The authority in `folder`, which is made if there is none. Nobody else may be in the folder meanwhile.

    None stands for whatever is there, and for the usual settings where nothing is.

    Raises:
        OSError: if the folder cannot be used.
        ValueError: if what lies there is no authority, or is none with these settings.
    """
    for abandoned in folder.glob(".*.pem.*"):  # by somebody who was killed while writing
        abandoned.unlink(missing_ok=True)
    authority, is_stored = _read(folder, now)
    if authority is None:
        authority = new_authority(settings or AuthoritySettings(), now)
    elif settings is not None:
        _check_settings(authority.root, settings)
    if is_stored:
        _write_copies(folder, authority)
    else:
        store_authority(folder, authority)
    return authority


def store_authority(folder: Path, authority: Authority) -> None:
    """Put an authority in place of what is in `folder`.

    Raises:
        OSError: if it cannot be written.
    """
    pairs = [pair for each in authority.generations for pair in (each.root, each.issuing)]
    links = [
        certificate
        for each in authority.links
        for certificate in (each.new_with_old, each.old_with_new)
    ]
    pem = to_pem([*pairs, authority.signer], [*links, *authority.steps])
    write_atomically(folder / AUTHORITY_FILE, pem, 0o600)
    _write_copies(folder, authority)


def _read(folder: Path, now: datetime) -> tuple[Authority | None, bool]:
    """What is in `folder`, and whether it is all there."""
    for name, read in ((AUTHORITY_FILE, _authority), (ROOT_FILE, _root)):
        file = folder / name
        if file.exists():
            try:
                pairs, others = from_pem(file.read_bytes())
                return read(pairs, others, now), name == AUTHORITY_FILE
            except ValueError as error:
                raise ValueError(f"{file} does not hold a sandbox CA: {error}") from None
    return None, False


def _authority(
    pairs: Sequence[CertifiedKey], others: Sequence[x509.Certificate], now: datetime
) -> Authority:
    del now
    *cas, signer = pairs
    generations = tuple(map(Generation, cas[::2], cas[1::2]))
    former = len(generations) - 1
    if not cas or len(cas) % 2 or len(others) != 3 * former:
        raise ValueError("something is missing")
    links = tuple(map(Links, others[: 2 * former : 2], others[1 : 2 * former : 2]))
    return Authority(generations, links, tuple(others[2 * former :]), signer)


def _root(
    pairs: Sequence[CertifiedKey], others: Sequence[x509.Certificate], now: datetime
) -> Authority:
    if len(pairs) != 1 or others:
        raise ValueError("a key and a certificate were expected")
    return authority_under(pairs[0], now)


def _check_settings(root: CertifiedKey, settings: AuthoritySettings) -> None:
    if root.key_type != settings.key_type:
        raise ValueError(f"the CA has {root.key_type} keys, not {settings.key_type}")
    if root.name != root_name(settings.label):
        raise ValueError(f"the CA is {root.name.rfc4514_string()}, not one of {settings.label!r}")


def _write_copies(folder: Path, authority: Authority) -> None:
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in authority.chain)
    _write(folder / ROOT_FILE, authority.root.certificate.public_bytes(Encoding.PEM))
    _write(folder / _CHAIN_FILE, chain)
    _write(folder / _SIGNER_FILE, to_pem([authority.signer]))


def _write(file: Path, data: bytes) -> None:
    with suppress(FileNotFoundError):
        if file.read_bytes() == data:
            return
    write_atomically(file, data, 0o600)
