"""`text.normalise`: repair encoding errors and simplify text, rule by rule.

A rule is a pattern and a fix. The pattern is a regular expression that Arrow evaluates (RE2, on the bytes of the
column, about 700 MB/s); only documents that match become Python strings and are fixed. Clean text is scanned once and
keeps its buffer. Changed texts are checked again until no rule changes them. So normalising a text twice gives the same
result as normalising it once, even if one rule makes another one applicable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.batch import Batch

Form = Literal["NFC", "NFKC"]


def normalise(
    batch: Batch,
    *,
    mojibake: bool = True,
    unicode: Form | None = "NFC",
    control_characters: bool = True,
    whitespace: bool = True,
    separators: bool = True,
    line_breaks: bool = True,
) -> Batch:
    """Repair encoding errors and simplify characters, spaces, separators and line breaks.

    Why:
        The same few defects of web text cause errors in filters, deduplication and tokenizers. For example, two texts
        that differ only in a no-break space should be duplicates.
    Args:
        mojibake: repair text that was decoded with the wrong encoding ("schÃ¶n" -> "schön"), line by line, with the
            encoding repair of ftfy, without its other edits (quotes and ligatures do not change). C1 control characters
            become the windows-1252 characters with the same code, for example U+0085 becomes an ellipsis.
        unicode: the Unicode normal form; null does not normalise. NFKC also changes ligatures, full-width letters and
            superscripts, which loses meaning (x² -> x2).
        control_characters: remove control characters except newline and tab, byte order marks, soft hyphens,
            directional embeddings, zero-width spaces, joiners and noncharacters. Joiners are kept where a script or an
            emoji needs them; zero-width spaces are kept between words of Thai, Lao, Khmer and Myanmar.
        whitespace: every Unicode space becomes an ASCII space, several spaces become one, and spaces at line ends are
            removed. Indentation is kept. To protect code and tables, several spaces are kept in lines that are indented
            or contain a tab or a vertical bar, between ``` or ~~~ fences, and in paragraphs with a table rule
            ("---- ---").
        separators: four or more of the same character of -=_*~.·•–—─━═…, also with single spaces between them, become
            three if nothing else is on the line. Fenced code and ruled tables do not change, nor does ~~~~ if a text
            has several. No line is removed, because "---" is a rule in Markdown. Next to other content, such characters
            can be a rating, a bar or a blank to fill in, so they are kept.
        line_breaks: CRLF, CR, form feed, vertical tab, U+0085, U+2028 and U+2029 become newlines; several blank lines
            become one; blank lines at the start and the end are removed.
    Needs: text
    Makes: text
    Cost:
        `python -m tests.bench.normalise`, one core, Wikipedia articles cut to 3,500 characters: 71,000 docs/s (250 MB/s)
        of clean English, 19,000 docs/s (185 MB/s) of clean Chinese. English as WikiExtractor writes it, with double
        spaces in nearly half of the articles: 13,000 docs/s. `ftfy.fix_text` alone: 960 and 185 docs/s.
    Edited:
        "sch\\u00c3\\u00b6n\\u00a0hier \\r\\n\\r\\n\\r\\n--------" -> "schön hier\\n\\n---"
        "wide  gap\\n    x  = 1\\n| a  | b  |" -> "wide gap\\n    x  = 1\\n| a  | b  |"
        "a  b\\n-- -----\\n1  two\\n\\n-----\\n** of *****" -> "a  b\\n-- -----\\n1  two\\n\\n---\\n** of *****"
        "co\\u00adoper\\u200bation cafe\\u0301" -> "cooperation café"
    Source:
        WanJuan-CC (2402.19282) normalises texts before it filters them, characters and encoding first; its rules are
        not published. InternLM2 (2403.17297, same pipeline) mentions anomalous separators and line breaks. The rules
        here are our own.
    """
    switches = (mojibake, line_breaks, control_characters, unicode is not None, whitespace, separators)
    rules = [rule for rule, is_on in zip(_rules(unicode or "NFC"), switches, strict=True) if is_on]
    touched = {rule.name: np.zeros(len(batch), bool) for rule in rules}
    text, rows, changed = batch["text"], np.arange(len(batch)), {}
    while rules and len(rows):
        again = _fix_once(text, rows, rules, touched)
        changed |= again
        rows, text = np.array(list(again), np.int64), pa.array(again.values(), pa.large_string())
    counts = {f"normalise.{name}": int(where.sum()) for name, where in touched.items()}
    return (batch.with_text(_replaced(batch["text"], changed)) if changed else batch).counted(counts)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of repair.

    Args:
        name: the name of its parameter and its counter.
        pattern: RE2 syntax; every text that needs the fix must match. Matches in clean text only cost time.
        fix: returns the repaired text.
    """

    name: str
    pattern: str
    fix: Callable[[str], str]


def _fix_once(
    text: pa.Array, rows: np.ndarray, rules: Sequence[Rule], touched: dict[str, np.ndarray]
) -> dict[int, str]:
    """Return the new text of each changed row, and mark in `touched` which rules changed it."""
    suspect = _matches(text, "|".join(rule.pattern for rule in rules))
    text, rows = text.filter(pa.array(suspect)), rows[suspect]
    before = text.to_pylist()
    after = list(before)
    for rule in rules:
        for i in np.flatnonzero(_matches(text, rule.pattern)):
            fixed = rule.fix(after[i])
            touched[rule.name][rows[i]] |= fixed != after[i]
            after[i] = fixed
    return {int(rows[i]): new for i, (old, new) in enumerate(zip(before, after, strict=True)) if new != old}


def _matches(text: pa.Array, pattern: str) -> np.ndarray:  # bool[n]
    return pc.match_substring_regex(text, pattern).fill_null(False).to_numpy(zero_copy_only=False)


def _replaced(text: pa.Array, changed: dict[int, str]) -> pa.Array:
    mask = np.zeros(len(text), bool)
    rows = np.array(sorted(changed), np.int64)
    mask[rows] = True
    return pc.replace_with_mask(text, pa.array(mask), pa.array([changed[i] for i in rows], text.type))


@cache
def _rules(form: Form) -> tuple[Rule, ...]:
    """Return the rules in their order: encoding, then characters, then layout."""
    return (
        Rule("mojibake", _mojibake_pattern(), _repair_encoding),
        Rule("line_breaks", r"[\r\v\f\x{85}\x{2028}\x{2029}]|\n\n\n|\A\n|\n\z", _plain_line_breaks),
        Rule("control_characters", _INVISIBLE_PATTERN, lambda text: _INVISIBLE.sub("", text)),
        Rule(
            "unicode",
            _NOT_NFC_PATTERN if form == "NFC" else r"[^\x00-\x7f]",
            lambda text: unicodedata.normalize(form, text),
        ),
        Rule("whitespace", _SPACE_PATTERN + r"|[^ \t\n] {2}|[ \t]\n|[ \t]\z", _plain_spaces),
        Rule("separators", _SEPARATOR_PATTERN, _short_separators),
    )


# ---------------------------------------------------------------------- mojibake


def _repair_encoding(text: str) -> str:
    import ftfy  # it repairs a text only if all of it is damaged, so call it line by line
    from ftfy.badness import BADNESS_RE

    return "\n".join(ftfy.fix_encoding(line) if BADNESS_RE.search(line) else line for line in text.split("\n"))


def _mojibake_pattern() -> str:
    """Translate ftfy's mojibake pattern, which takes 1 ms per text in Python, to RE2."""
    from ftfy.badness import BADNESS_RE

    pieces = re.findall(r"\\.|\[(?:\\.|[^\]\\])*+\]?+|#[^\n]*|\s+|.", BADNESS_RE.pattern, re.DOTALL)
    kept = [_RE2.get(piece, piece) for piece in pieces if not piece.startswith("#") and not piece.isspace()]
    return f"(?m:{''.join(kept)})"


_RE2 = {r"\s": r"[\s\v\x{1c}-\x{1f}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]",
        r"\w": r"[\pL\pN_]"}  # fmt: skip
"""Character classes of Python, which are Unicode, in RE2, whose classes are ASCII."""

# ---------------------------------------------------------------------- characters

_NOT_NFC_PATTERN = (
    r"[\x{300}-\x{37f}\x{387}\x{483}-\x{487}\x{591}-\x{2001}\x{20d0}-\x{20ff}\x{2126}\x{212a}\x{212b}\x{2329}\x{232a}"
    r"\x{2adc}\x{2cef}-\x{2cf1}\x{2d7f}\x{2de0}-\x{2dff}\x{302a}-\x{302f}\x{3099}\x{309a}\x{a66f}-\x{abff}"
    r"\x{f900}-\x{fe2f}\x{10000}-\x{10ffff}]"
)
"""A text without these is in NFC, as most Latin, Greek, Cyrillic, Chinese, Japanese and Korean texts are."""

_JOINING = (
    r"\u0600-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1a00-\u1bff\ua800-\uabff"
    r"\ufb50-\ufdcf\ufdf0-\ufdff\ufe0f\ufe70-\ufefc\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2b05-\u2b55"
    r"\U00010a00-\U00011fff\U0001e900-\U0001e95f\U0001f000-\U0001faff"
)
"""After these, a joiner or non-joiner is significant: Arabic, Syriac, Indic and other Brahmic scripts, emoji."""

_SPACELESS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer: U+200B marks words

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffc\ufdd0-\ufdef\ufffe\uffff]"
    r"|[\U0001fffe\U0001ffff\U0010fffe\U0010ffff]"
    rf"|(?<![{_JOINING}])[\u200c\u200d]"
    rf"|(?<![{_SPACELESS}])\u200b|\u200b(?![{_SPACELESS}])"
)
_INVISIBLE_PATTERN = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{ad}\x{180e}\x{200b}-\x{200d}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{206f}"
    r"\x{feff}\x{fff9}-\x{fffc}\x{fdd0}-\x{fdef}\x{fffe}\x{ffff}\x{1fffe}\x{1ffff}\x{10fffe}\x{10ffff}]"
)

# ---------------------------------------------------------------------- layout

_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SPACE_PATTERN = r"[\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
_GAP = re.compile(r" {2,}")


def _plain_spaces(text: str) -> str:
    text = text if text.isascii() else _SPACE.sub(" ", text)
    lines = text.split("\n")
    return "\n".join(map(_plain_line, lines, _layout_lines(text, lines)))


def _plain_line(line: str, is_kept: bool) -> str:
    line = line.rstrip(" \t")
    if is_kept or "  " not in line or line[0] in " \t" or "\t" in line or "|" in line:
        return line
    return _GAP.sub(" ", line)


_LINE_BREAK = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")


def _plain_line_breaks(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", _LINE_BREAK.sub("\n", text)).strip("\n")


_SEPARATORS = "-=_*~.·•–—─━═…"
_SEPARATOR = re.compile(rf"([ \t]*)([{re.escape(_SEPARATORS)}])(?:\2{{3,}}|(?: \2){{3,}})([ \t]*)")
_SEPARATOR_RUN = "|".join(rf"{c}{{4,}}|{c}(?: {c}){{3,}}" for c in map(re.escape, _SEPARATORS))
_SEPARATOR_PATTERN = rf"(?m:^[ \t]*(?:{_SEPARATOR_RUN})[ \t]*$)"


def _short_separators(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(map(_short_line, lines, _layout_lines(text, lines)))


def _short_line(line: str, is_kept: bool) -> str:
    alone = None if is_kept else _SEPARATOR.fullmatch(line)
    if alone is None:
        return line
    before, c, after = alone.groups()
    return before + (" " if line[len(before) + 1] == " " else "").join(c * 3) + after


# ---------------------------------------------------------------------- code and tables

_FENCE = re.compile(r"(?P<item>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<mark>`{3,}+|~{3,}+)(?P<info>.*)")
_TABLE_RULE = re.compile(r"[ \t]*(?:-+|=+)(?:[ \t]+(?:-+|=+))+[ \t]*")


def _layout_lines(text: str, lines: Sequence[str]) -> Sequence[bool]:
    """Return for each line whether its spacing must be kept: in fenced code, or in a paragraph with a table rule."""
    kept = [False] * len(lines)
    if "```" in text or "~~~" in text:
        for start, end in _fenced(lines):
            kept[start:end] = [True] * (end - start)
    if "--" in text or "==" in text:
        for start, end in _ruled(lines):
            kept[start:end] = [True] * (end - start)
    return kept


def _fenced(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the start and end lines of fenced code in Markdown. A fence that is never closed does not count.

    If there are several lines of tildes, none of them is changed: a shortened one could close another fence.
    """
    fences = [(i, fence) for i, line in enumerate(lines) if (fence := _fence(line))]
    # One backward pass over the fences finds whether a fence is closed: `longest` holds the closing marks after it.
    longest, is_closed = {"`": 0, "~": 0}, []
    for _, (mark, can_close) in reversed(fences):
        is_closed.append(longest[mark[0]] >= len(mark))
        if can_close:
            longest[mark[0]] = max(longest[mark[0]], len(mark))
    tildes = [(i, i + 1) for i, (mark, _) in fences if mark[0] == "~"]
    blocks, opened = tildes if len(tildes) > 1 else [], None
    for (i, (mark, can_close)), will_close in zip(fences, reversed(is_closed), strict=True):
        if opened is None:
            opened = (i, mark) if will_close else None
        elif can_close and mark.startswith(opened[1]):
            blocks.append((opened[0], i + 1))
            opened = None
    return blocks


def _fence(line: str) -> tuple[str, bool] | None:
    """Return the mark of a fence, and whether it can close one: no list marker before it and no text after it."""
    fence = _FENCE.match(line)
    if fence is None or (fence["mark"][0] == "`" and "`" in fence["info"]):
        return None
    return fence["mark"], not fence["item"].strip(" \t>") and not fence["info"].strip()


def _ruled(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the start and end lines of paragraphs that contain a table rule, such as `---- ---`."""
    blanks = [i for i, line in enumerate(lines) if not line.strip()]
    paragraphs = zip([0, *(i + 1 for i in blanks)], [*blanks, len(lines)], strict=True)
    return [(start, end) for start, end in paragraphs if any(map(_is_table_rule, lines[start:end]))]


def _is_table_rule(line: str) -> bool:
    return ("--" in line or "==" in line) and _TABLE_RULE.fullmatch(line) is not None
