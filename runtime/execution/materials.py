"""A content id in, bytes that a plan relies on and that are not in the state yet out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..uploads import content_id


@dataclass(frozen=True, slots=True)
class Materials:
    """Bytes that a plan relies on and that are not in the state yet.

    `uploads` finds a file by its content id; `sandbox_root` is the DER of the sandbox CA's root.
    """

    uploads: Callable[[str], bytes | None]
    sandbox_root: bytes | None = None

    def find(self, content: str) -> bytes | None:
        """The bytes of a content id, None if they are not at hand."""
        if self.sandbox_root is not None and content == content_id(self.sandbox_root):
            return self.sandbox_root
        return self.uploads(content)
