"""Named lists from elsewhere: what there is, where it comes from, and the cache in which it lies after a fetch.

A recipe names one as `asset:NAME` wherever a stage takes a file. Nothing is fetched while a pipeline runs: `curate assets
fetch` is a step before it, and afterwards everything works without a network. The cache is `curate/assets` under the user's
cache folder (`XDG_CACHE_HOME`); copied to another machine it works there. Some assets come with a package that is
installed anyway and need no fetch.
"""

from curate.assets.cache import Held, fetch, find, folder, held, verify
from curate.assets.catalogue import PREFIX, Asset, catalogue
from curate.assets.file import File

__all__ = ["PREFIX", "Asset", "File", "Held", "catalogue", "fetch", "find", "folder", "held", "verify"]
