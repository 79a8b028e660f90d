"""The names of CRLReason (RFC 5280 5.3.1), by their numbers."""

from __future__ import annotations

HOLD = "certificateHold"
TAKE_BACK = "removeFromCRL"
REASONS = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: HOLD,
    8: TAKE_BACK,
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
