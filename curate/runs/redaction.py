"""Take secrets out of what is published or printed: users, passwords and queries of URLs, and the values of secret variables.

Workers read the real URLs from plan.json, inputs.json and references.json; whatever else leaves the process goes through
`hidden`. A query is hidden whole, because nothing tells a signature from a page number.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from curate.errors import CurateError, RunError
from curate.runs.folder import RunFolder

HIDDEN = "[hidden]"
"""What stands where a secret was."""

SECRET_NAMES = ("key", "token", "secret", "password")
"""A variable of a recipe is secret if its name contains one of these, in any case."""

SHORTEST = 4
"""Characters of a secret that is looked for inside strings; a shorter one would be found in innocent words."""

WEB = ("http", "https", "ftp", "ftps")
"""Schemes in which `?` and `#` always begin a query or a fragment; elsewhere `?` may be a wildcard."""

CONTAINER_SCHEMES = ("abfs", "abfss", "wasb", "wasbs")
"""Schemes that write the name of a container, which is no secret, where others have the user."""

_SCHEME = r"(?<![A-Za-z0-9+.-])([A-Za-z0-9+.-]+(?=://)|(?i:https?|ftps?)):/+"  # as a path, a URL has one slash
_URL = re.compile(rf"{_SCHEME}[^\s\"<>`]+")
_TAIL = ".,;:!)'"
"""Punctuation after a URL in a sentence."""

_WEB_QUERY = re.compile(r"[?#].*", re.DOTALL)
_QUERY = re.compile(r"\?[\w.~%-]+=.*", re.DOTALL)
_USER = re.compile(rf"{_SCHEME}([^/]*)@")
_USER_WITH_SLASH = re.compile(r":/+(?![^/]*::)[^/\[]*:(?!\d*(?:/|$)).*@", re.DOTALL)
"""A password that contains a slash: the part after the colon is no port, and an `@` follows."""


def hidden(value: Any, secrets: Sequence[str] = ()) -> Any:
    """Return JSON-like data, or a text, without secrets; what is hidden leaves `[hidden]` in its place.

    Args:
        value: strings, numbers, lists and mappings of them; anything else is returned as it is.
        secrets: texts to hide wherever they occur, as `secrets_of` returns them.
    """
    if isinstance(value, str):
        for secret in secrets:
            if value == secret or len(secret) >= SHORTEST:
                value = value.replace(secret, HIDDEN)
        return _URL.sub(_hidden_url, value)
    if isinstance(value, Mapping):
        return {hidden(name, secrets): hidden(each, secrets) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [hidden(each, secrets) for each in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return HIDDEN if is_number and len(str(value)) >= SHORTEST and str(value) in secrets else value


def _hidden_url(match: re.Match) -> str:
    url = match[0].rstrip(_TAIL)
    tail = match[0][len(url) :]
    scheme = re.findall(_SCHEME, url.partition("?")[0])[-1].lower()
    query = _WEB_QUERY if scheme in WEB else _QUERY
    url = query.sub(lambda found: f"{found[0][0]}{HIDDEN}", url, count=1)
    if "@" in url:
        url = _USER_WITH_SLASH.sub(f"://{HIDDEN}@", _USER.sub(_hidden_user, url))
    return url + tail


def _hidden_user(match: re.Match) -> str:
    is_container = match[1].lower() in CONTAINER_SCHEMES and ":" not in match[2]
    return match[0] if is_container else f"{match[1]}://{HIDDEN}@"


def public_address(url: str) -> str:
    """Return a URL without user, password and query."""
    return hidden(url).replace(f"?{HIDDEN}", "").replace(f"#{HIDDEN}", "").replace(f"{HIDDEN}@", "")


def distinct_address(url: str) -> str:
    """Return a URL as `public_address` does, with a digest where something was left out, so that it is unlike others."""
    public = public_address(url)
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return public if public == url else f"{public}~{digest}"


def is_secret(name: str) -> bool:
    """Return whether a variable of this name is secret."""
    return any(word in name.lower() for word in SECRET_NAMES)


def secrets_of(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values of a recipe's secret variables as texts, the longest first."""
    variables = recipe.get("vars")
    found = _secret_values(variables, False) if isinstance(variables, Mapping) else ()
    return tuple(sorted({text for text in map(str, found) if text}, key=lambda text: (-len(text), text)))


def _secret_values(value: Any, is_named: bool) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _secret_values(each, is_named or is_secret(str(name)))
    elif isinstance(value, list):
        for each in value:
            yield from _secret_values(each, is_named)
    elif is_named and value is not None and not isinstance(value, bool):
        yield value


def hidden_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe, as plain data, that may be published: secret variables have no value in it."""
    return hidden(
        {name: _masked(value) if name == "vars" else value for name, value in recipe.items()}, secrets_of(recipe)
    )


def _masked(variables: Any) -> Any:
    if not isinstance(variables, Mapping):
        return variables
    return {name: HIDDEN if is_secret(str(name)) else _masked(value) for name, value in variables.items()}


@contextlib.contextmanager
def hidden_in_errors(secrets: Sequence[str]) -> Iterator[None]:
    """Take the values of secret variables out of the messages of errors that pass here."""
    try:
        yield
    except CurateError as error:
        for one in (*error.errors, error):
            one.args = tuple(hidden(each, secrets) for each in one.args)
        raise


def protect(folder: RunFolder, recipe: Mapping[str, Any], urls: Iterable[str]) -> None:
    """Let only the owner enter a run folder on a local disk if the recipe, or the address of an input, holds a secret.

    Raises:
        RunError: the folder belongs to somebody else.
    """
    if not folder.is_local or (hidden_recipe(recipe) == recipe and all(hidden(url) == url for url in urls)):
        return
    try:
        os.chmod(folder.root, 0o700)
    except OSError as error:
        raise RunError(
            f"{folder.url}: cannot be closed to other users ({error.strerror}), and its recipe or inputs hold a secret.  "
            "Choose another --output."
        ) from error
