"""What four other extractors keep of a page; they vote on blocks that no person has marked.

Each teacher takes a page as characters and returns its main text. A teacher runs once on each page, one core takes minutes
for a thousand pages, and the answers are stored (`remember`), so that training can be repeated in seconds.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Teacher = Callable[[str], str]


def open_teachers() -> Mapping[str, Teacher]:
    """Return the teachers by name; `trafilatura_comments` returns only the comments of readers."""
    import justext
    import trafilatura
    from readability import Document
    from resiliparse.extract.html2text import extract_plain_text

    logging.disable(logging.CRITICAL)
    stop_words = frozenset().union(*(justext.get_stoplist(name) for name in ("English", "German", "French", "Spanish")))

    def with_trafilatura(page: str, favor_precision: bool = False) -> str:
        return trafilatura.extract(page, include_comments=False, favor_precision=favor_precision) or ""

    def with_comments(page: str) -> str:
        found = trafilatura.bare_extraction(page, include_comments=True)
        return (found.comments or "") if found is not None else ""

    def with_readability(page: str) -> str:
        summary = Document(page).summary(html_partial=True)
        return extract_plain_text(summary, preserve_formatting=True, alt_texts=False, list_bullets=False)

    def with_resiliparse(page: str) -> str:
        return extract_plain_text(page, main_content=True, preserve_formatting=True, alt_texts=False, comments=False)

    def with_justext(page: str) -> str:
        return "\n".join(p.text for p in justext.justext(page, stop_words) if not p.is_boilerplate)

    return {
        "trafilatura": with_trafilatura,
        "trafilatura_precision": lambda page: with_trafilatura(page, favor_precision=True),
        "trafilatura_comments": with_comments,
        "readability": with_readability,
        "resiliparse": with_resiliparse,
        "justext": with_justext,
    }


def ask(pages: Iterable[str], remember: Path) -> list[dict[str, str]]:
    """Return the answers for each page by teacher.

    Args:
        pages: decoded pages.
        remember: a file of answers by the digest of the page (JSON lines, gzip). Read, and appended to.
    """
    known = {}
    if remember.exists():
        with gzip.open(remember, "rt", encoding="utf-8") as lines:
            known = {entry["page"]: entry["answers"] for entry in map(json.loads, lines)}
    teachers: Mapping[str, Teacher] = {}
    found = []
    with gzip.open(remember, "at", encoding="utf-8") as out:
        for page in pages:
            key = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()
            if key not in known:
                teachers = teachers or open_teachers()
                known[key] = {name: _answer(teacher, page) for name, teacher in teachers.items()}
                out.write(json.dumps({"page": key, "answers": known[key]}) + "\n")
            found.append(known[key])
    return found


def _answer(teacher: Teacher, page: str) -> str:
    try:
        return teacher(page).encode("utf-8", "replace").decode()
    except Exception:  # a teacher that fails on a page has no vote there
        return ""
