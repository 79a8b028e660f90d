"""A plan half-way, as data: what is there of what it promised, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...compiler.address import Address
from ...compiler.configuration import Properties
from ...compiler.plan import Plan
from ..errors import ContentMissing
from ..operation import Surroundings
from ..report import Messages
from ..uploads import content_id
from .materials import Materials


@dataclass(slots=True)
class Run:
    """A plan half-way. `candidate` is written to the state at a barrier and at the end only.

    `left_open` are the requests that earlier runs left open, by path and transactionID.
    `real` has the content ids of what planned ones turned out to be, `messages` those of each operation that
    has begun; `version` is what was committed last;
    `last_files` is the number of the step whose results the device files hold; `unkept` are the steps whose
    changes are in `candidate` alone.
    """

    plan: Plan
    around: Surroundings
    materials: Materials
    candidate: dict[Address, Properties]
    left_open: Mapping[str, Mapping[bytes, bytes]] = field(
        default_factory=dict[str, dict[bytes, bytes]]
    )
    real: dict[str, str] = field(default_factory=dict[str, str])
    messages: dict[str, Messages] = field(default_factory=dict[str, Messages])
    version: int | None = None
    last_files: int = -1
    unkept: list[str] = field(default_factory=list[str])

    def resolve(self, content: str) -> str:
        """The real content id behind a planned one.

        Raises:
            ContentMissing: if it is the sandbox CA's, and there is no sandbox.
        """
        if content == "sandbox:root" and content not in self.real:
            root = self.materials.sandbox_root
            if root is None:
                raise ContentMissing("the plan relies on the sandbox CA", "apply it with --sandbox")
            self.around.store.put_content(content_id(root), root)
            self.real[content] = content_id(root)
        return self.real.get(content, content)
