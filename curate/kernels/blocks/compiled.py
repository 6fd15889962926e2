"""Compile the functions of the byte pass without reference counting.

numba counts a reference, atomically, for each array that is passed to a function. The pass passes a dozen arrays
to a dozen functions for each tag, and counting took four fifths of its time (2.2 instead of 0.44 ms a page). None of
these functions creates or stores an array, so there is nothing to count; numba refuses to compile one that does.
"""

from __future__ import annotations

from numba import njit

compiled = njit(cache=True, nogil=True, _nrt=False)
"""For functions that are called from several places, or rarely."""

inlined = njit(cache=True, nogil=True, forceinline=True, _nrt=False)
"""For functions that are called for each tag or character."""
