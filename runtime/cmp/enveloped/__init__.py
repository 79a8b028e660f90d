"""What a CA encrypted for this end entity, opened: plain functions, no I/O."""

from .challenge import answer_challenge
from .key_package import KEY_PACKAGE, SIGNED_DATA, DeliveredKey, key_package
from .opening import open_encrypted_value, open_enveloped

__all__ = [
    "KEY_PACKAGE",
    "SIGNED_DATA",
    "DeliveredKey",
    "answer_challenge",
    "key_package",
    "open_encrypted_value",
    "open_enveloped",
]
