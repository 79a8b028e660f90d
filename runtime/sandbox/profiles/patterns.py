"""A pattern and a text in, whether the one stands for the other out."""

from __future__ import annotations


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is like `pattern`, in which each `*` stands for any characters, or for none.

    Texts come from requests: this takes no more than (length of the text) steps for each `*`.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last)
