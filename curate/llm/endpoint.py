"""Ask an OpenAI-compatible chat endpoint, over plain HTTP: one question, one answer, tried again when it is busy."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from curate.errors import RunError, SpecError

BUSY = (408, 409, 429, 500, 502, 503, 504, 529)
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a language model answers.

    Args:
        url: the base, as `http://127.0.0.1:8000/v1`; `/chat/completions` is put behind it.
        model: the name it goes by there.
        key: sent as a bearer token, if any.
        timeout: seconds that an answer may take.
        tries: how often one question is asked before giving up.
        first_wait: seconds before the second try; doubled for each further one, with some chance, and at least what
            the endpoint asks for in `Retry-After`.
    """

    url: str
    model: str
    key: str | None = None
    timeout: float = 120.0
    tries: int = 6
    first_wait: float = 1.0

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in ("http", "https") or not urlsplit(self.url).hostname:
            raise SpecError(f"--endpoint {self.url}: expected http(s)://host/v1.")

    def ask(self, messages: Sequence[Mapping[str, str]], temperature: float = 0.0) -> str:
        """Return the answer's text.

        Raises:
            RunError: it refused the question, or was busy or unreachable in every try.
        """
        body = {"model": self.model, "messages": list(messages), "temperature": temperature}
        request = urllib.request.Request(
            self.url.rstrip("/") + "/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {}),
        )
        for attempt in range(1, self.tries + 1):
            wait = min(LONGEST_WAIT, self.first_wait * 2 ** (attempt - 1)) * (0.5 + random.random() / 2)
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                    return _text_of(answer.read())
            except urllib.error.HTTPError as error:
                problem = f"{error.code} {error.reason}"
                if error.code not in BUSY:
                    raise RunError(f"{self.url}: {problem}: {error.read(300).decode('utf-8', 'replace')}") from None
                wait = max(wait, _asked_for(error.headers.get("Retry-After")))
            except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
                problem = f"{type(error).__name__}: {error}"
            if attempt < self.tries:
                time.sleep(wait)
        raise RunError(f"{self.url}: no answer in {self.tries} tries; the last: {problem}")


def _text_of(body: bytes) -> str:
    answer: Any = json.loads(body)
    content = answer["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise ValueError("the answer has no text")
    return content


def _asked_for(header: str | None) -> float:
    """Return the seconds that `Retry-After` asks for: a number or a date."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)
