"""Imported once by the process from which workers fork: kernels are loaded here, and shared by all of them."""

from __future__ import annotations

import os

from curate.engine import warm_up

warm_up.load(os.environ.get(warm_up.TO_LOAD, "[]"))
