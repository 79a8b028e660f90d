"""How strictly answers are taken: what is off unless somebody asks for it by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """What an old or odd CA may be forgiven, and whether confirmation is to be spared.

    `unprotected_error`, `unprotected_pkiconf` and `unprotected_rp` let a message of that type, and no other,
    come without protection: anybody in between can then forge it. `any_signer` lets every certificate under
    the CA sign answers, another device's among them (RFC 9483 3.5 does not). `asks_implicit_confirm` asks
    the CA not to wait for certConf (RFC 9810 5.1.1.1).
    """

    unprotected_error: bool = False
    unprotected_pkiconf: bool = False
    unprotected_rp: bool = False
    any_signer: bool = False
    asks_implicit_confirm: bool = False


STRICT = Policy()
