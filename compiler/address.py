"""How objects of a configuration are named: a path of types and names from the root."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """An object's place in the tree: `(("CertificateStore", "cmp"), ("Certificate", "clcert"))`.

    What is the only one of its type has an empty name, what is told by its place its index. The empty address
    is the root. `str()` gives what people read: `Certificate cmp/clcert`.
    """

    segments: tuple[tuple[str, str], ...] = ()

    @property
    def type(self) -> str:
        """The object's own type."""
        return self.segments[-1][0]

    @property
    def name(self) -> str:
        """The object's own name."""
        return self.segments[-1][1]

    @property
    def parent(self) -> Address:
        """The container that holds it; the root's parent is the root."""
        return Address(self.segments[:-1])

    @property
    def is_root(self) -> bool:
        """Whether this is the configuration itself."""
        return not self.segments

    @property
    def reference(self) -> str:
        """How a property refers to it: `cmp/clcert`."""
        return "/".join(name or type_name for type_name, name in self.segments)

    @property
    def path(self) -> str:
        """How documents keep it: `/CertificateStore/cmp`; `/DateTime/` without a name; `/` for the root."""
        return "/" + "/".join(part for segment in self.segments for part in segment)

    @property
    def prompt(self) -> str:
        """How a prompt shows it: as `path`, but without empty names: `/AccessRules`."""
        return "/" + "/".join(part for segment in self.segments for part in segment if part)

    def child(self, type_name: str, name: str) -> Address:
        """The address of a child."""
        return Address((*self.segments, (type_name, name)))

    def is_under(self, other: Address) -> bool:
        """Whether it lies below `other`."""
        return len(self.segments) > len(other.segments) and (
            self.segments[: len(other.segments)] == other.segments
        )

    def __str__(self) -> str:
        if self.is_root:
            return "the root"
        return f"{self.type} {self.reference}" if self.name else self.reference

    @staticmethod
    def parse(path: str) -> Address:
        """The address that `path` was written from.

        Raises:
            ValueError: if the parts do not come in pairs of type and name.
        """
        parts = path.removeprefix("/").split("/") if path != "/" else []
        if len(parts) % 2 or not all(parts[::2]):
            raise ValueError(f"{path!r} is not an object's path: types and names come in pairs")
        return Address(tuple(zip(parts[::2], parts[1::2], strict=True)))


ROOT = Address()
