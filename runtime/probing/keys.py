"""Algorithms that a CA lists in; which kinds of key it takes, and which of them fits a script, out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...compiler.key_types import KEY_TYPES
from ..cmp.codec.general import TemplateContent
from ..cmp.model import AlgorithmIdentifier

_RSA = "1.2.840.113549.1.1.1"
_EC = "1.2.840.10045.2.1"
# The DER of namedCurve (RFC 5480 2.1.1), and how the kind of key is spelled.
_CURVES = {
    bytes.fromhex("06082a8648ce3d030107"): "ec:p256",
    bytes.fromhex("06052b81040022"): "ec:p384",
    bytes.fromhex("06052b81040023"): "ec:p521",
}
_OTHERS = {
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
    "2.16.840.1.101.3.4.3.17": "mldsa44",
    "2.16.840.1.101.3.4.3.18": "mldsa65",
    "2.16.840.1.101.3.4.3.19": "mldsa87",
    "2.16.840.1.101.3.4.4.2": "mlkem768",
    "2.16.840.1.101.3.4.4.3": "mlkem1024",
}
_STEP = 1024
_NAMES = {
    "ec:p256": "P-256",
    "ec:p384": "P-384",
    "ec:p521": "P-521",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
    "mldsa44": "ML-DSA-44",
    "mldsa65": "ML-DSA-65",
    "mldsa87": "ML-DSA-87",
    "mlkem768": "ML-KEM-768",
    "mlkem1024": "ML-KEM-1024",
}


@dataclass(frozen=True, slots=True)
class KeysTaken:
    """Kinds of key: RSA by its lengths in bits (or `any_rsa`), others as `compiler.key_types` spells them.

    `unknown` are dotted OIDs of what cannot be made here.
    """

    rsa_lengths: tuple[int, ...] = ()
    any_rsa: bool = False
    others: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def takes(self, key_type: str) -> bool:
        """Whether a kind of key is among them."""
        family, _, size = key_type.partition(":")
        if family == "rsa":
            return self.any_rsa or int(size) in self.rsa_lengths
        return key_type in self.others


def keys_of_template(template: TemplateContent) -> KeysTaken | None:
    """What keySpec allows (RFC 9810 5.3.19.16); None if it says nothing, and so allows all."""
    if not template.algorithms and not template.rsa_lengths:
        return None
    return _keys(template.algorithms, template.rsa_lengths)


def keys_of_list(algorithms: Iterable[AlgorithmIdentifier]) -> KeysTaken:
    """What signKeyPairTypes lists (RFC 9810 5.3.19.2); RSA stands there without its length."""
    return _keys(algorithms, ())


def fitting(taken: KeysTaken, wanted: str) -> str | None:
    """The kind of key that is nearest to the `wanted` one and can be made here, None if there is none."""
    usable = [kind for kind in KEY_TYPES if taken.takes(kind)]
    related = [kind for kind in usable if kind.partition(":")[0] == wanted.partition(":")[0]]
    if wanted in KEY_TYPES:
        rank = KEY_TYPES.index(wanted)
        stronger = [kind for kind in related if KEY_TYPES.index(kind) > rank]
        related = stronger or related[-1:]
    return next(iter((*related, *usable)), None)


def in_words(taken: KeysTaken) -> str:
    """The kinds of key for people: `RSA 2048-4096 and P-256`."""
    words = ["RSA"] if taken.any_rsa else []
    if taken.rsa_lengths and not taken.any_rsa:
        words.append(f"RSA {', '.join(_ranges(taken.rsa_lengths))}")
    words += [_NAMES[kind] for kind in taken.others]
    words += taken.unknown
    if not words:
        return "no keys"
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _ranges(lengths: Iterable[int]) -> list[str]:
    """Lengths on steps of 1024 bits that follow each other, as one."""
    runs: list[tuple[int, int]] = []
    for bits in sorted(set(lengths)):
        if runs and bits == runs[-1][1] + _STEP:
            runs[-1] = (runs[-1][0], bits)
        else:
            runs.append((bits, bits))
    return [f"{first}" if first == last else f"{first}-{last}" for first, last in runs]


def _keys(algorithms: Iterable[AlgorithmIdentifier], lengths: tuple[int, ...]) -> KeysTaken:
    any_rsa = False
    others: list[str] = []
    unknown: list[str] = []
    for algorithm in algorithms:
        if algorithm.oid == _RSA:
            any_rsa = True
            continue
        kind = _OTHERS.get(algorithm.oid)
        if algorithm.oid == _EC:
            kind = _CURVES.get(algorithm.parameters or b"")
        if kind is None:
            unknown.append(algorithm.oid)
        else:
            others.append(kind)
    return KeysTaken(lengths, any_rsa, tuple(dict.fromkeys(others)), tuple(dict.fromkeys(unknown)))
