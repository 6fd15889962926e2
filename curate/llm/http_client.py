"""A client of chat endpoints that speak OpenAI's protocol, over plain HTTP; a request is repeated while the endpoint is busy."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from curate.errors import RunError, SpecError
from curate.llm.chat_client import ChatClient

BUSY = (408, 409, 429, 500, 502, 503, 504, 529)
"""HTTP status codes after which the same request may succeed later."""

LONGEST_WAIT = 60.0
"""Seconds between two requests at most, whatever the endpoint asks for."""


@dataclass(frozen=True, slots=True)
class HttpChatClient(ChatClient):
    """A language model behind an HTTP endpoint.

    Args:
        url: the base URL, such as `http://127.0.0.1:8000/v1`; `/chat/completions` is appended.
        model: the model's name at the endpoint.
        key: sent as a bearer token; None sends none.
        timeout: seconds that one request may take, above 0.
        tries: requests for one answer at most, 1 or more.
        first_wait: seconds before the second request, 0 or more; doubled before each further one, varied at random, at
            least what the endpoint asks for in `Retry-After`, at most `LONGEST_WAIT`.

    Raises:
        SpecError: `url` is not an HTTP URL.
    """

    url: str
    model: str
    key: str | None = None
    timeout: float = 120.0
    tries: int = 6
    first_wait: float = 1.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_http = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        except ValueError:  # a bracket that is not closed, a port that is no number
            is_http = False
        if not is_http or not self.url.isprintable() or " " in self.url:
            raise SpecError(
                f"--endpoint {self.url}: expected http(s)://host/v1, or the name of a client that a --module defines."
            )

    @property
    def name(self) -> str:
        """The URL, which is what `--endpoint` calls it."""
        return self.url

    def complete(self, messages: Sequence[Mapping[str, str]], temperature: float = 0.0) -> str:
        """As of `ChatClient`.

        Raises:
            RunError: the endpoint refused the request, or was busy or unreachable each time.
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
            except (OSError, HTTPException, ValueError, LookupError, TypeError, RecursionError) as error:
                problem = f"{type(error).__name__}: {error}"
            if attempt < self.tries:
                time.sleep(wait)
        raise RunError(
            f"{self.url}: no answer in {self.tries} tries; the last: {problem}.  Run the command again to continue."
        )


def _text_of(body: bytes) -> str:
    answer: Any = json.loads(body)
    content = answer["choices"][0]["message"]["content"]
    if not isinstance(content, str):
        raise ValueError("the response has no text")
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
