"""What was exported in, a sentence on it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...runtime.export.pair import Pair
from .source_text import printable


def written(pair: Pair, paths: Sequence[Path], *, has_chain: bool) -> str:
    """Which certificate it is, what came with it, and where it went."""
    certificate = pair.certificate
    what = [f"certificate {certificate.serial_number:x}"]
    if has_chain and pair.chain:
        what.append(f"{len(pair.chain)} of its issuers")
    if pair.key is not None:
        what.append("its private key")
    *first, last = what
    listed = f"{', '.join(first)} and {last}" if first else last
    where = f" to {' and '.join(map(str, paths))}" if paths else ""
    until = f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    state = f"{until}, revoked" if pair.is_revoked else until
    return printable(f"Wrote {listed} of {pair.name}{where} ({state}).")
