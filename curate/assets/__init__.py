"""Provide word lists and block lists by name: a catalogue, and a cache of downloaded files.

A recipe names an asset as `asset:NAME` wherever a stage takes a file. Nothing is downloaded while a pipeline runs: run
`curate assets fetch` before it; afterwards no network is needed. The cache is the folder `curate/assets` in the user's
cache folder (`XDG_CACHE_HOME`), and can be copied to another machine. Some assets are part of an installed package and
need no download.
"""

from curate.assets.cache import Held, fetch, find, folder, held, verify
from curate.assets.catalogue import PREFIX, Asset, catalogue
from curate.assets.file import File, Location

__all__ = ["PREFIX", "Asset", "File", "Held", "Location", "catalogue", "fetch", "find", "folder", "held", "verify"]
