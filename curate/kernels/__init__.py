"""The hot loops, compiled by numba, most of them over UTF-8 bytes; they do not import the rest of curate."""

from curate.kernels import cache

cache.use()
