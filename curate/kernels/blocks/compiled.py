"""How the functions of the byte pass are compiled: without reference counts.

numba counts references to each array that a function is handed, atomically, at each call. The pass hands a dozen arrays
to a dozen functions for each tag, and counting took four fifths of its time (0.44 instead of 2.2 ms a page). None of these
functions makes or keeps an array, so there is nothing to count; numba refuses to compile one that would.
"""

from __future__ import annotations

from numba import njit

compiled = njit(cache=True, nogil=True, _nrt=False)
"""For functions that are called from several places, or seldom."""

inlined = njit(cache=True, nogil=True, forceinline=True, _nrt=False)
"""For functions that are called for each tag or character."""
