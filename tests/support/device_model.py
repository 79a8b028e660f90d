"""A device as the manuals describe it, in none of csc's terms: commands carried out blindly, one by one.

What it rests on (Administration Guide, chapter 16):

1. There are three configurations. Commands edit the candidate, `activate` makes it the running one, `commit`
   keeps the running one for good. A restart goes back to what was committed.
2. `certmgr -initiate` and `-update` write two files, always of the same names, over whatever they held. A
   restart deletes them. Only `set` brings them into the configuration.
3. `-initiate` needs an object without a valid certificate. `-update` and `-revoke` are signed with the
   certificate that the object holds, so there has to be one, and the CA has to take it.
4. A certificate is of use together with its own key only.

`Trouble` is what an administrator would call a failed run: a command that is refused, or a key that is gone.
`Unspecified` is what no manual tells.
"""

import copy
import shlex
from dataclasses import dataclass, field

Path = tuple[tuple[str, str], ...]
Objects = dict[Path, dict[str, str]]

CERTIFICATE, KEY = "cl_newcert.der", "cl_newkey.pem"
REFERENCES = {"CMPServer": "CMPServer", "CACert": "Certificate"}


class Trouble(Exception):
    """A command fails or loses something."""


class CertificateTrouble(Trouble):
    """It is about a certificate's life."""


class Unspecified(Exception):
    """No manual tells what a device makes of this."""


@dataclass
class DeviceModel:
    """`awaited` is for the judge, who knows what the device does not: what was obtained last for each object
    that is still there; `owners`, for which object a certificate was. `trusted` are those that the CA vouches
    for. `left_out` is whose certmgr was left out last.
    """

    candidate: Objects = field(default_factory=dict)
    running: Objects = field(default_factory=dict)
    committed: Objects = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    context: Path = ()
    issued: int = 0
    trusted: set[str] = field(default_factory=set)
    awaited: dict[Path, str] = field(default_factory=dict)
    owners: dict[str, Path] = field(default_factory=dict)
    left_out: Path | None = None

    def begin_session(self) -> None:
        """A new session begins at the root."""
        self.context, self.left_out = (), None

    def run(self, line: str) -> None:
        """Carry out one command."""
        verb, *words = shlex.split(line)
        properties = dict(w.split("=", 1) for w in words if "=" in w and not w.startswith("-"))
        options = {w[1:].partition("=")[0]: w.partition("=")[2] for w in words if w.startswith("-")}
        names = [w for w in words if "=" not in w and not w.startswith("-")]
        match verb:
            case "cc":
                self.context = (*self.context, self._there(names)[-1]) if names else ()
            case "add":
                self._add((*self.context, (names[0], names[1])), properties)
            case "set":
                self._change(self._there(names), properties)
            case "delete":
                self._delete(self._there(names))
            case "certmgr":
                action = next(a for a in ("initiate", "update", "revoke") if a in options)
                self._certmgr(action, certificate_path(options["clientcert"]))
            case "activate":
                self._check_references()
                self.running = copy.deepcopy(self.candidate)
            case "commit":
                self.committed = copy.deepcopy(self.running)

    def leave_out(self, line: str) -> None:
        """Pass over a certmgr whose result is there already: a `set` after it means that result."""
        words = shlex.split(line)
        if "-revoke" not in words:
            name = next(word for word in words if word.startswith("-clientcert="))
            self.left_out = certificate_path(name.removeprefix("-clientcert="))

    def loses_at_restart(self) -> bool:
        """Whether a restart would take a key along, or any other change."""
        keys = any(
            self.committed.get(path, {}).get("CertificateData") != certificate
            for path, certificate in self.awaited.items()
        )
        return keys or not (self.candidate == self.running == self.committed)

    def wait(self, days: int) -> None:
        """Let time pass; a certificate is valid for 90 days, and an expired one nobody misses."""
        if days > 90:
            self.trusted.clear()
            self.awaited.clear()

    # -- objects -----------------------------------------------------------------------------------

    def _there(self, names: list[str]) -> Path:
        path = (*self.context, (names[0], names[1]))
        if path not in self.candidate:
            raise Trouble(f"there is no {names}")
        return path

    def _add(self, path: Path, properties: dict[str, str]) -> None:
        if path in self.candidate:
            raise Trouble(f"{path} is there already")
        self.candidate[path] = {}
        self._change(path, properties)

    def _change(self, path: Path, properties: dict[str, str]) -> None:
        held = self.candidate[path]
        for name, value in properties.items():
            if value.startswith("file://"):
                file = value.removeprefix("file://")
                if file in (CERTIFICATE, KEY) and file not in self.files:
                    raise Trouble(f"there is no file {file}")
                value = self._read(path, file)
            held[name] = value
        certificate, key = held.get("CertificateData", ""), held.get("PrivateKey", "")
        if certificate in self.owners and {"CertificateData", "PrivateKey"} & properties.keys():
            if key != f"key of {certificate}":
                raise CertificateTrouble(f"{path} has a certificate without its key")
            if self.owners[certificate] != path:
                raise Unspecified(f"{path} has what was obtained for {self.owners[certificate]}")

    def _read(self, path: Path, file: str) -> str:
        if file not in (CERTIFICATE, KEY) or self.left_out is None:
            return self.files.get(file, file)
        if self.left_out != path:
            raise Unspecified("a result that was left out is bound to another object")
        certificate = self.awaited.get(path) or self.candidate[path]["CertificateData"]
        return certificate if file == CERTIFICATE else f"key of {certificate}"

    def _delete(self, path: Path) -> None:
        for gone in [other for other in self.candidate if other[: len(path)] == path]:
            del self.candidate[gone]
            self.awaited.pop(gone, None)

    def _check_references(self) -> None:
        for held in self.candidate.values():
            for name, kind in REFERENCES.items():
                if name in held:
                    words = held[name].split("/")
                    types = ("CertificateStore", kind) if len(words) == 2 else (kind,)
                    if tuple(zip(types, words, strict=True)) not in self.candidate:
                        raise Trouble(f"{name}={held[name]} refers to nothing")

    # -- certificates ------------------------------------------------------------------------------

    def _certmgr(self, action: str, path: Path) -> None:
        if path not in self.candidate:
            raise Trouble(f"there is no {path}")
        if self.candidate[path]["Type"] != "CMPv2":
            raise CertificateTrouble(f"{path} does not come from a CMP server")
        held = self.candidate[path].get("CertificateData")
        if action == "initiate":
            if held in self.trusted:
                raise CertificateTrouble(f"{path} has a valid certificate")
            self._obtain(path)
            return
        if held is None:
            raise CertificateTrouble(f"{path} has nothing to {action}")
        if held not in self.trusted:
            raise CertificateTrouble(f"the CA does not trust {held}")
        if action == "update":
            self._obtain(path)
        elif self.awaited[path] != held:
            raise Unspecified("the object holds one certificate while the next one waits")
        else:
            self.trusted.remove(held)
            del self.awaited[path]

    def _obtain(self, path: Path) -> None:
        waiting = self.files.get(CERTIFICATE)
        for owner, certificate in self.awaited.items():
            if certificate == waiting and self.candidate[owner].get("CertificateData") != waiting:
                raise CertificateTrouble(f"the key of {owner} is overwritten")
        self.left_out = None
        self.issued += 1
        certificate = f"issued {self.issued}"
        self.files = {CERTIFICATE: certificate, KEY: f"key of {certificate}"}
        self.trusted.add(certificate)
        self.awaited[path] = certificate
        self.owners[certificate] = path


def certificate_path(reference: str) -> Path:
    """The object that `store/name` means."""
    store, name = reference.split("/")
    return (("CertificateStore", store), ("Certificate", name))
