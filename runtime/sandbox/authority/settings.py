"""What a CA that is made is to be like, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...cmp.keys import KeyType

KEY_KINDS = (
    *("rsa:2048", "rsa:3072", "rsa:4096"),
    *("ec:p256", "ec:p384", "ec:p521"),
    *("ed25519", "ed448"),
    *("mldsa44", "mldsa65", "mldsa87"),
)
"""The kinds of keys that a CA can have, as `compiler/key_types.py` spells them."""

# RFC 5280 A.1: a common name has 64 characters, and ` issuing CA ` and a number come behind the label.
_LONGEST_LABEL = 48


@dataclass(frozen=True, slots=True)
class AuthoritySettings:
    """What a CA has in its names, and which kind of keys.

    Raises:
        ValueError: if there can be no such CA.
    """

    key_kind: str = "ec:p256"
    label: str = "csc sandbox"

    def __post_init__(self) -> None:
        if self.key_kind not in KEY_KINDS:
            raise ValueError(
                f"{self.key_kind!r} is no kind of key for a CA: there are {', '.join(KEY_KINDS)}"
            )
        if not (self.label.strip() and self.label.isprintable()):
            raise ValueError("the label of a CA is a text that can be read")
        if len(self.label) > _LONGEST_LABEL:
            raise ValueError(f"the label of a CA has {_LONGEST_LABEL} characters at the most")

    @property
    def key_type(self) -> KeyType:
        """What the keys are made of."""
        return KeyType(self.key_kind)
