"""Imported before anything else: the moment at which the interpreter's share of a start ends."""

import time

FIRST_LINE_NS = time.monotonic_ns()
