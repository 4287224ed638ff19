"""Cells that were made before by the same engine: a page may be made in several runs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.studies.served.cells import ROOT, Cell
from benchmarks.studies.served.families import FAMILIES
from twinserve.config.errors import UserError
from twinserve.training.engine import digests

KEPT = Path("reports/served.json")
_STAGES = ("prepare", "train", "export")


def keep(cells: Iterable[Cell]) -> None:
    """Add cells to those that are kept; of the same family the new ones take the place."""
    new = list(cells)
    families = {cell.family for cell in new}
    new += [cell for cell in _read() if cell.family not in families]
    KEPT.parent.mkdir(exist_ok=True)
    content = {"engine": _engine(), "cells": [asdict(cell) for cell in new]}
    KEPT.write_text(json.dumps(content, indent=1), encoding="utf-8")


def all_cells() -> Sequence[Cell]:
    """The kept cells of every family.

    Raises:
        UserError: some are still to be made.
    """
    order = {name: place for place, name in enumerate(FAMILIES)}
    cells = sorted(_read(), key=lambda cell: order.get(cell.family, len(order)))
    if missing := [name for name in FAMILIES if name not in {cell.family for cell in cells}]:
        raise UserError(
            f"{KEPT}: found nothing of {', '.join(missing)} by this engine; --publish writes a "
            "whole page: make them too, with --only or without it"
        )
    return cells


def _read() -> list[Cell]:
    try:
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Cell(**cell) for cell in kept["cells"]] if kept["engine"] == _engine() else []


def _engine() -> list[str]:
    """What makes and proves a model; of another engine a cell may be another."""
    made = digests(ROOT)
    return [made[stage] for stage in _STAGES]
