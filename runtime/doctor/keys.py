"""Checks of keys and certificates: whether each is there, can be read, and belongs to the other."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm

from ..certificates import key_id, load_certificate, load_key
from ..state.errors import StateError
from ..uploads import content_id
from .databases import SALVAGE
from .finding import Finding, fault, fine
from .scene import Scene

_WRONG = (ValueError, TypeError, UnsupportedAlgorithm)
_OTHER_KEY = "restore vault.key from the backup that belongs to this state"


def check_master_key(scene: Scene) -> Iterator[Finding]:
    """Whether the master key is there, and is that of this state."""
    secrets = scene.rows("SELECT id, data FROM secret")
    if scene.vault_trouble is not None:
        yield fault(str(scene.vault_trouble), scene.vault_trouble.way_out)
    elif secrets and not any(_opened(scene, name, data) for name, data in secrets):
        yield fault("the master key is another one: it opens none of the stored keys", _OTHER_KEY)
    elif secrets:
        yield fine(f"the master key opens stored keys ({len(secrets)} are there)")


def check_secrets(scene: Scene) -> Iterator[Finding]:
    """Whether each stored key can be decrypted, and is the one that its id says."""
    if scene.vault is None:
        return  # the check of the master key says so
    for name, data in scene.rows("SELECT id, data FROM secret"):
        secret = _opened(scene, name, data)
        if secret is None:
            yield fault(f"the stored key {name} cannot be decrypted", SALVAGE)
        elif not _is_named(name, secret):
            yield fault(f"the stored key {name} is another one than its id says", SALVAGE)


def _opened(scene: Scene, name: object, data: object) -> bytes | None:
    if scene.vault is None or not isinstance(data, bytes):
        return None
    try:
        return scene.vault.decrypt(str(name), data)
    except StateError:
        return None


def _is_named(name: str, secret: bytes) -> bool:
    if name.startswith("journal:"):
        return True  # what an open operation is done with, named by its transaction
    if not name.startswith("key:"):
        return content_id(secret) == name
    try:
        return key_id(load_key(secret).public_key()) == name
    except _WRONG:
        return False


def check_certificates(scene: Scene) -> Iterator[Finding]:
    """Whether each certificate that CMP obtained is there with its key, and is what its record says."""
    secrets = {row[0] for row in scene.rows("SELECT id FROM secret")}
    rows = scene.rows(
        "SELECT device, path, serial_number, certificate, key, issuer, not_before, not_after, data"
        " FROM certificate LEFT JOIN content ON content.id = certificate.certificate ORDER BY certificate.id"
    )
    for device, path, serial, content, key, issuer, begins, ends, data in rows:
        what = f"certificate {serial} of {path} on device {device}"
        if key not in secrets:
            yield fault(f"{what} has lost its key {key}", SALVAGE)
        if data is None:
            yield fault(f"{what} is not there: {content}", SALVAGE)
            continue
        try:
            certificate = load_certificate(bytes(data))
            fits = key_id(certificate.public_key()) == key
            record = (
                f"{certificate.serial_number:x}",
                certificate.issuer.rfc4514_string(),
                certificate.not_valid_before_utc.isoformat(),
                certificate.not_valid_after_utc.isoformat(),
            )
        except _WRONG:
            yield fault(f"{what} cannot be read", SALVAGE)
            continue
        if not fits:
            yield fault(f"{what} belongs to another key than {key}", SALVAGE)
        if record != (serial, issuer, begins, ends):
            yield fault(f"{what} is recorded otherwise than it is", SALVAGE)
