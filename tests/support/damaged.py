"""States as they should be, made once, and ways to spoil copies of them."""

import shutil
from pathlib import Path

from csc.runtime.state.location import Location, in_file

from .device import FINISH, PREREQUISITES, Device, bind, certificate, initiate, new_device, update


def made(folder: Path) -> Device:
    """Three versions, four certificates, two of them of one object; the CA goes on in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with new_device(folder) as device:
        fill(device)
        return device


def fill(device: Device) -> None:
    first = "".join(certificate(n) + initiate(n) + bind(n) for n in ("a", "b"))
    device.apply(PREREQUISITES + first + FINISH)
    device.apply(update("a") + bind("a") + FINISH)
    device.apply(certificate("c") + initiate("c") + bind("c") + FINISH)


def copy_of(device: Device, folder: Path) -> Location:
    """The state and its key, without the CA."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("state.db", "vault.key"):
        shutil.copy2(device.folder / name, folder / name)
    return in_file(folder / "state.db")
