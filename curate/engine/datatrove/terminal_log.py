"""datatrove's log on the terminal."""

from __future__ import annotations


def silence() -> None:
    """Take datatrove's log off the terminal in this process, but for what is critical."""
    import sys

    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="CRITICAL")
