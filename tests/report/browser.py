"""A headless browser that opens a page in a frame of a given width and says what it found there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")

_SEEN_FROM_OUTSIDE = """<!doctype html><body><iframe src="PAGE" style="width:WIDTHpx;height:800px;border:0"></iframe><pre></pre><script>
window.ran = [];
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => setTimeout(() => {
  const page = frame.contentDocument, root = page.documentElement;
  for (const fold of page.querySelectorAll("details")) fold.open = true;
  const wide = [...page.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > root.clientWidth + 1);
  document.querySelector("pre").textContent = JSON.stringify({
    ran: window.ran, width: root.scrollWidth, tags: [...new Set([...page.querySelectorAll("*")].map(e => e.localName))],
    wide: wide.slice(0, 5).map(e => e.outerHTML.slice(0, 200)), ink: getComputedStyle(page.body).color,
    back: getComputedStyle(page.body).backgroundColor, height: root.scrollHeight,
  });
}, 200));
</script></body>"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a browser found on a page.

    Args:
        ran: what scripts of the page said to `parent.ran`.
        width: of the whole page, in CSS pixels, with what is beyond the edge.
        tags: names of the elements.
        wide: beginnings of elements that go beyond the edge.
        ink, back: colours of text and background.
    """

    ran: list[str]
    width: int
    height: int
    tags: list[str]
    wide: list[str]
    ink: str
    back: str


def opened(page: str, folder: Path, *, width: int = 360, is_dark: bool = False) -> Opened:
    """Open a page and unfold all of it; skips the test where there is no browser, but never where CI=true promises one.

    Args:
        page: HTML.
        folder: an empty one, for files.
        width: of the window, in CSS pixels.
    """
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        message = f"needs a browser: one of {', '.join(NAMES)}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    (folder / "page.html").write_text(page, encoding="utf-8")
    frame = _SEEN_FROM_OUTSIDE.replace("PAGE", "page.html").replace("WIDTH", str(width))
    (folder / "frame.html").write_text(frame, encoding="utf-8")
    done = subprocess.run(
        [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
            f"--user-data-dir={folder / 'profile'}", f"--blink-settings=preferredColorScheme={0 if is_dark else 1}",
            "--window-size=1400,900", "--virtual-time-budget=10000", "--dump-dom", (folder / "frame.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = re.search(r"<pre>(\{.*?)</pre>", done.stdout, re.DOTALL)
    assert found, f"the browser did not open the page: {done.stderr[-1000:]}"
    return Opened(**json.loads(unescape(found[1])))
