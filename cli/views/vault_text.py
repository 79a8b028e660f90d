"""How a vault is, or what came of a rekey, in; text out."""

from __future__ import annotations

from ...runtime.state.location import Location
from ...runtime.state.vault import sources
from ...runtime.state.vault.overview import Overview
from ...runtime.state.vault.rekeying import Rekeyed
from ...runtime.state.vault.sources import Source
from .source_text import printable
from .table import columns


def render(seen: Overview) -> str:
    """A line for each fact, and one for each secret that does not decrypt."""
    source = "" if seen.place == seen.source else f"{seen.source}, "
    key = "none yet: the next apply makes it"
    if seen.key_id is not None:
        key = f"{seen.key_id}, since {seen.made_at:%Y-%m-%d %H:%M:%S} UTC"
    count = f"{seen.secrets}"
    if seen.old_secrets:
        count += f", {seen.old_secrets} as older versions kept them: `csc vault rekey` changes that"
    rows = [("master key", f"{source}{seen.place}"), ("data key", key), ("secrets", count)]
    if seen.damaged is not None:
        bad = len(seen.damaged)
        rows.append(("check", f"{bad} cannot be decrypted" if bad else "every one decrypts"))
    lines = [columns(rows), *(f"    {name}" for name in seen.damaged or ())]
    return "\n".join(printable(line) for text in lines for line in text.split("\n"))


def rekeyed(done: Rekeyed, location: Location) -> str:
    """What was done, and what is left to do."""
    s = "" if done.secrets == 1 else "s"
    new = sources.shown(done.new.place, location)
    lines = [f"Done: {done.secrets} secret{s} encrypted with new keys. The master key is {new}."]
    match done.new.place.source:
        case Source.FILE:
            lines.append("Copy it to every machine that uses the state, and to a backup.")
        case Source.ENV:
            lines.append(f"Set {sources.VARIABLE} to it from now on.")
        case Source.KEYRING:
            lines.append("Every machine that uses the state needs the entry, and a backup does.")
        case Source.PASSPHRASE:
            lines.append("Use the new one from now on.")
    if done.old.source is Source.FILE:
        kept = f"{location.vault_key}"
        if done.new.place.source is Source.FILE:
            kept += ".old-…"
        lines.append(f"The old key stays in {kept}, for backups of the state from before.")
    elif done.old.source is Source.KEYRING:
        lines.append(f"The old {sources.shown(done.old, location)} stays, for backups from before.")
    return "\n".join(map(printable, lines))
