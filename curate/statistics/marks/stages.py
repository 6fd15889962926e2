"""Mark what single stages found: the words of a list, personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate import registry
from curate.stages.text.mask_pii import FINDERS, TYPES, find_pii, placeholder, placeholders_in
from curate.statistics.marks.marker import Marker, Span


@dataclass
class ListedWords(Marker):
    """Marks the entries of the lists of `safety.words`; a list of one language is looked for in every text."""

    name: str = "listed_words"
    shows: str = "words and phrases on the lists"
    stages: tuple[str, ...] = ("safety.words",)
    column: str = "listed_words_share"
    _params: Any = None
    _stage: Any = None

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        if self._params != params:
            stage = registry.find("safety.words")
            self._stage = stage.open({name: stage.params[name].convert(value) for name, value in params.items()})
            self._params = params
        return self._stage.places(text)


@dataclass(frozen=True)
class PersonalData(Marker):
    """Marks what `text.mask_pii` masks, and in texts that it has masked the placeholders."""

    name: str = "personal_data"
    shows: str = "personal data, and placeholders for it"
    stages: tuple[str, ...] = ("text.mask_pii",)
    column: str = "pii_count"

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        types = params.get("types", TYPES)
        found = [(start, start + len(placeholder(kind))) for kind, start in placeholders_in(text, types)]
        data = text.encode()
        finders = [finder for finder in FINDERS if finder.type in types]
        covers, _ = find_pii(np.array([0, len(data)]), np.frombuffer(data, np.uint8), finders)
        found += [(len(data[:start].decode()), len(data[:end].decode())) for start, end, _ in covers.tolist()]
        return sorted(found)


MARKERS: tuple[Marker, ...] = (ListedWords(), PersonalData())
