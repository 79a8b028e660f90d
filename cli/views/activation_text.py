"""An activation that is not committed in; what has become of it, in a sentence, out."""

from __future__ import annotations

from datetime import UTC, datetime

from ...runtime.activation import Activation


def rolled_back(activation: Activation) -> str:
    """When it was rolled back, and why."""
    at = activation.rolled_back_at or activation.deadline
    when = f"rolled back at {second(at)}"
    if at < activation.deadline:
        return f"the activation of {second(activation.activated_at)} was not committed: {when}"
    seconds = f"{activation.timeout.total_seconds():g} s"
    return (
        f"the activation of {second(activation.activated_at)} was not committed"
        f" within {seconds}: {when}"
    )


def waiting(activation: Activation, version: int) -> str:
    """Until when it waits for its `commit`."""
    return (
        f"the activation of {second(activation.activated_at)} waits for `commit`: without one, the device"
        f" goes back to {committed(version)} at {second(activation.deadline)}"
    )


def sentence(text: str) -> str:
    """What one of these says, as a sentence of its own."""
    return f"{text[0].upper()}{text[1:]}."


def committed(version: int) -> str:
    """What is committed, in words; 0 is a device on which nothing was."""
    return f"version {version}" if version else "what a new device has"


def second(time: datetime) -> str:
    """A time, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
