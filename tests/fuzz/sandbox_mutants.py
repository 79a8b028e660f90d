"""An honest message in, one that is wrong somewhere out, which gets as far as its kind allows.

- *raw*: the message mutated as it is;
- *protected*: header or body mutated, MAC or signature made anew;
- *proved*: what is asked for mutated, proof of possession made anew, and then the protection;
- *honest*: as it was.

Any of them may stand in the wrapper of an RA: alone, as what it vouches for, or in a batch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.cms_parameters import encode_algorithm
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import MalformedMessage
from csc.runtime.cmp.protection import sign, signature_algorithm
from fuzz.mutation import Tree, mutated, parse
from fuzz.protecting import protected_anew, put_together
from fuzz.sandbox_seeds import Seed, any_seed
from fuzz.sandbox_world import World

_PKCS10 = 0xA4  # [4] of PKIBody (RFC 9810 5.1.2)
_LONGEST = 200_000  # bytes; the CA takes no more than a mebibyte


@dataclass(frozen=True)
class Mutant:
    """A message; `mend` makes the protection anew of one that was shortened."""

    name: str
    data: bytes
    mend: Callable[[bytes], bytes]


def mutant(world: World, others: Sequence[bytes]) -> Mutant:
    """A message for the CA, of any kind."""
    seed, chance = any_seed(world), world.chance
    made = _one(seed, others, chance)
    if chance.random() < 0.8:
        return made
    return _wrapped(world, seed, made, others)


def _one(seed: Seed, others: Sequence[bytes], chance: random.Random) -> Mutant:
    kinds = ("raw", "protected", "protected", "protected", "proved", "proved", "proved", "honest")
    kind = chance.choice(kinds)
    if kind == "proved" and seed.key is None:
        kind = "protected"
    data = seed.data
    match kind:
        case "raw":
            data = mutated(data, others, chance)
        case "protected":
            data = _readable(lambda: _protected(seed, others, chance), chance)
        case "proved":
            data = _readable(lambda: _proved(seed, others, chance), chance)
        case _:
            pass
    name = f"{seed.name}, {kind}"
    if kind == "raw" or len(data) > _LONGEST:
        return Mutant(name, data[:_LONGEST], lambda der: der)
    algorithm = seed.algorithm
    return Mutant(name, data, lambda der: protected_anew(der, seed.credential, algorithm))


def _readable(make: Callable[[], bytes], chance: random.Random) -> bytes:
    """What is made, mostly of such a kind that the CA gets further than to read it."""
    tries = chance.choice((1, 20, 20, 20, 20))
    data = make()
    for _ in range(tries - 1):
        try:
            decode(data)
        except MalformedMessage:
            data = make()
        else:
            break
    return data


def _parts(data: bytes) -> tuple[Tree, Tree, bytes]:
    """Header, body, and the bytes of extraCerts."""
    top = parse(data)
    assert top is not None
    header, body, *rest = top[0].inner or ()
    return header, body, b"".join(tree.der() for tree in rest if tree.tag == 0xA1)


def _protected(seed: Seed, others: Sequence[bytes], chance: random.Random) -> bytes:
    header, body, extra = _parts(seed.data)
    parts = [header.der(), body.der()]
    for number in chance.choice(((1,), (1,), (1,), (0,), (0, 1))):
        parts[number] = mutated(parts[number], others, chance)
    if chance.random() < 0.1:
        extra = mutated(extra, others, chance)
    return put_together(b"".join(parts), extra, seed.credential, seed.algorithm)


def _proved(seed: Seed, others: Sequence[bytes], chance: random.Random) -> bytes:
    header, body, extra = _parts(seed.data)
    inner = body.inner or []
    assert inner
    if body.tag == _PKCS10:
        info = (inner[0].inner or [])[0].der()
        content = tlv(0x30, _signed(seed, mutated(info, others, chance)))
    else:
        request = (inner[0].inner or [])[0]
        wanted = (request.inner or [])[0].der()
        content = tlv(0x30, tlv(0x30, _requested(seed, mutated(wanted, others, chance))))
    parts = header.der() + tlv(body.tag, content)
    return put_together(parts, extra, seed.credential, seed.algorithm)


def _signed(seed: Seed, data: bytes) -> bytes:
    """The data with algorithm and signature (RFC 2986 4.2)."""
    return data + _signature(seed, data)


def _requested(seed: Seed, data: bytes) -> bytes:
    """certReq with POPOSigningKey (RFC 4211 4.1)."""
    return data + tlv(0xA1, _signature(seed, data))


def _signature(seed: Seed, data: bytes) -> bytes:
    algorithm = encode_algorithm(signature_algorithm(seed.key))
    return algorithm + tlv(0x03, b"\x00" + sign(seed.key, data))


def _wrapped(world: World, seed: Seed, made: Mutant, others: Sequence[bytes]) -> Mutant:
    """By an RA, which does not look at what it wraps."""
    chance, ra = world.chance, world.ra
    head = decode(seed.data).header
    if chance.random() < 0.5:
        name = f"{made.name}, in a wrapper"
        data = ra.batches(
            made.data,
            recipient=head.recipient,
            transaction_id=head.transaction_id,
            sender_nonce=head.sender_nonce,
            recip_nonce=head.recip_nonce,
        )
    else:
        name = f"{made.name}, in a batch"
        more = [
            _one(any_seed(world), others, chance).data for _ in range(chance.choice((0, 1, 1, 3)))
        ]
        data = ra.batches(made.data, *more)
    outer = Seed(name, data, ra.credential)
    algorithm = outer.algorithm
    if chance.random() < 0.2:
        return Mutant(f"{name} that is mutated", _protected(outer, others, chance), _bare)
    return Mutant(name, data, lambda der: protected_anew(der, ra.credential, algorithm))


def _bare(data: bytes) -> bytes:
    return data
