"""A word that is not known in, the known word that was meant out, if one is near enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

# Below this likeness (0 to 1, difflib's ratio) a guess confuses more than it helps.
_FLOOR = 0.7
# Names come from the script: the search stays cheap whatever is in it.
_MOST_CANDIDATES = 2000
_MOST_GUESSES = 100
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
    """The nearest of `known`, another case and slips first; None rather than a silly guess.

    Of very many, only some are looked at.
    """
    if len(word) > _LONGEST_WORD:
        return None
    candidates = sorted(islice(known, _MOST_CANDIDATES))
    return _slip(word, candidates) or _alike(word, candidates)


def _slip(word: str, candidates: list[str]) -> str | None:
    same = [candidate for candidate in candidates if candidate.lower() == word.lower()]
    if same or len(word) <= 2:
        return same[0] if same else None
    return next((candidate for candidate in candidates if is_slip(word, candidate)), None)


def _alike(word: str, candidates: list[str]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(word, candidates, n=1, cutoff=_FLOOR)
    return near[0] if near else None


class Names:
    """Names that come and go, however many; finds the one that was meant.

    Two words are one slip apart only if they are the same after each lost at most one letter. So each name is
    kept under itself and what it is without each of its letters, once somebody asks. Mere likeness is
    looked for among the first names only, and only the first times.
    """

    __slots__ = ("_guesses", "_names", "_shortened")

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._shortened: dict[str, dict[str, None]] | None = None
        self._guesses = 0

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Add a name."""
        self._names[name] = None
        if self._shortened is not None:
            self._keep(self._shortened, name)

    def discard(self, name: str) -> None:
        """Remove a name."""
        self._names.pop(name, None)

    def slip(self, word: str) -> str | None:
        """The name that `word` is one slip away from."""
        if len(word) > _LONGEST_WORD:
            return None
        if self._shortened is None:
            self._shortened = {}
            for name in self._names:
                self._keep(self._shortened, name)
        near = {
            name
            for short in _without_a_letter(word)
            for name in self._shortened.get(short, ())
            if name in self._names and is_slip(word, name)
        }
        return _slip(word, sorted(near))

    def nearest(self, word: str) -> str | None:
        """The name that was meant: a slip away, or else alike."""
        found = self.slip(word)
        if found is None and len(word) <= _LONGEST_WORD and self._guesses < _MOST_GUESSES:
            self._guesses += 1
            found = _alike(word, sorted(islice(self._names, _MOST_CANDIDATES)))
        return found

    @staticmethod
    def _keep(shortened: dict[str, dict[str, None]], name: str) -> None:
        if len(name) <= _LONGEST_WORD + 1:
            for short in _without_a_letter(name):
                near = shortened.setdefault(short, {})
                if len(near) < _MOST_GUESSES:
                    near[name] = None


def _without_a_letter(word: str) -> Iterator[str]:
    folded = word.lower()
    yield folded
    for place in range(len(folded)):
        yield folded[:place] + folded[place + 1 :]
