"""Words found again whatever their case and accents, and with a letter or two wrong."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

_EMPTY_WORDS: Final = frozenset(
    ("a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "of", "on", "or", "people", "the", "to")
)
_LEAST_SIMILAR: Final = 0.8
_SHORTEST_TO_MISSPELL: Final = 4
_MOST_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found: its number among what was searched, how well, and for which words."""

    number: int
    score: float
    words: frozenset[str]


def split_words(text: str) -> list[str]:
    """The words of a text in small letters, without accents and apostrophes.

    >>> split_words("Fairfield & Vale, St Mary’s café 001A")
    ['fairfield', 'vale', 'st', 'marys', 'cafe', '001a']
    """
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "").replace("'", ""))
    return re.findall(r"[^\W_]+", "".join(one for one in plain if not unicodedata.combining(one)))


def split_query(text: str) -> list[str]:
    """The words to look for, each once: those that say something, unless there are no others.

    >>> split_query("Pakistani people in Old Town"), split_query("of the")
    (['pakistani', 'old', 'town'], ['of', 'the'])
    """
    words = list(dict.fromkeys(split_words(text)))
    return ([word for word in words if word not in _EMPTY_WORDS] or words)[:_MOST_WORDS]


class Index:
    """Texts by their words.

    Parameters
    ----------
    texts
        For each thing that can be found, its texts with their weights, the heaviest first.
    """

    def __init__(self, texts: Sequence[Sequence[tuple[str, float]]]) -> None:
        self._held: dict[str, dict[int, float]] = {}
        for number, weighted in enumerate(texts):
            for text, weight in weighted:
                for word in split_words(text):
                    # The heaviest comes first, so that it stays.
                    self._held.setdefault(word, {}).setdefault(number, weight)
        self._words = sorted(self._held)
        # Nobody misspells a code, and a place has far more codes than words.
        self._spelt = [word for word in self._words if len(word) >= _SHORTEST_TO_MISSPELL and word.isalpha()]

    def find(self, words: Sequence[str]) -> list[Hit]:
        """What holds any of the words, in no order."""
        scores: dict[int, dict[str, float]] = {}
        for word in words:
            for number, score in self._find_word(word).items():
                scores.setdefault(number, {})[word] = score
        return [Hit(number, sum(by.values()), frozenset(by)) for number, by in scores.items()]

    def _find_word(self, word: str) -> Mapping[int, float]:
        found: dict[int, float] = {}
        # Somebody who has written a word in full, or its beginning, did not mean another.
        for one, likeness in list(self._beginning_with(word)) or self._similar_to(word):
            for number, weight in self._held[one].items():
                found[number] = max(found.get(number, 0.0), weight * likeness)
        return found

    def _beginning_with(self, word: str) -> Iterator[tuple[str, float]]:
        for one in self._words[bisect_left(self._words, word) :]:
            if not one.startswith(word) or (len(word) == 1 and one != word):
                return
            yield one, 0.5 + 0.5 * len(word) / len(one)

    def _similar_to(self, word: str) -> Iterator[tuple[str, float]]:
        if len(word) < _SHORTEST_TO_MISSPELL or not word.isalpha():
            return
        matcher = SequenceMatcher(b=word, autojunk=False)
        for one in self._spelt:
            if abs(len(one) - len(word)) > 2:
                continue
            matcher.set_seq1(one)
            if matcher.real_quick_ratio() >= _LEAST_SIMILAR and matcher.quick_ratio() >= _LEAST_SIMILAR:
                likeness = matcher.ratio()
                if likeness >= _LEAST_SIMILAR:
                    yield one, likeness / 2
