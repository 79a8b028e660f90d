"""What can be wrong with the keys of a state.

StateError
+-- MasterKeyMissing    it is not where the state says that it lies
+-- MasterKeyWrong      what lies there is another one
+-- KeysReplaced        `csc vault rekey` made others, since ours were read
"""

from __future__ import annotations

from ..errors import StateError


class MasterKeyMissing(StateError):
    """There is no master key where the state says."""


class MasterKeyWrong(StateError):
    """What was found is not this state's master key."""


class KeysReplaced(StateError):
    """The state has other keys by now."""

    def __init__(self) -> None:
        super().__init__(
            "the keys of the state were replaced meanwhile, by `csc vault rekey`",
            "run the same again: nothing is lost",
        )
