"""A word that is not known in, the known word that was meant out, if one is near enough."""

from __future__ import annotations

from collections.abc import Iterable

# Below this likeness (0 to 1, difflib's ratio) a guess confuses more than it helps.
_FLOOR = 0.7
# Names come from the script: the search stays cheap whatever is in it.
_MOST_CANDIDATES = 2000
_LONGEST_WORD = 64


def is_slip(word: str, meant: str) -> bool:
    """Whether one slip of the fingers tells `word` from `meant`: a letter more, less, other or swapped; case.

    Digits are no slips: `Route6` may well be a type beside `Route`.
    """
    if word.lower() == meant.lower():
        return True
    if abs(len(word) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(word), len(meant)) and word[start] == meant[start]:
        start += 1
    end = 0
    while end < min(len(word), len(meant)) - start and word[-1 - end] == meant[-1 - end]:
        end += 1
    here, there = word[start : len(word) - end], meant[start : len(meant) - end]
    if any(character.isdigit() for character in here + there):
        return False
    is_swapped = len(here) == 2 and here == there[::-1]
    return is_swapped or max(len(here), len(there)) == 1


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The nearest of `known`, another case and slips first; None rather than a silly guess."""
    candidates = sorted(set(known))[:_MOST_CANDIDATES]
    if len(word) > _LONGEST_WORD:
        return None
    for candidate in candidates:
        if candidate.lower() == word.lower():
            return candidate
    slips = [candidate for candidate in candidates if is_slip(word, candidate)]
    if slips and len(word) > 2:
        return slips[0]
    from difflib import get_close_matches

    near = get_close_matches(word, candidates, n=1, cutoff=_FLOOR)
    return near[0] if near else None
