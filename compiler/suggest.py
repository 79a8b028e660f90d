"""A word that is not known in, the known word that was meant out, if one is near enough."""

from __future__ import annotations

from collections.abc import Iterable

# Below this likeness (0 to 1, difflib's ratio) a guess confuses more than it helps.
_FLOOR = 0.7
# Names come from the script: the search stays cheap whatever is in it.
_MOST_CANDIDATES = 2000
_LONGEST_WORD = 64


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The nearest of `known`, a match in another case first; None rather than a silly guess."""
    candidates = sorted(set(known))[:_MOST_CANDIDATES]
    if len(word) > _LONGEST_WORD:
        return None
    for candidate in candidates:
        if candidate.lower() == word.lower():
            return candidate
    from difflib import get_close_matches

    near = get_close_matches(word, candidates, n=1, cutoff=_FLOOR)
    return near[0] if near else None
