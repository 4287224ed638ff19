"""The table's source as ``dvc import-url`` keeps it, and what new rows may not change silently."""

import json
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, load_params
from twinserve.config.training import Feature
from twinserve.config.yaml_file import read_yaml
from twinserve.delivery.data.fetch import fetch_sources
from twinserve.delivery.data.login import logged_in
from twinserve.delivery.worktree import run_in
from twinserve.renewal.fit import reason
from twinserve.training.table import Table, read_table


def source_of(tree: Path) -> tuple[Path, str]:
    """The file that names the source of the tree's table, below the tree, and the source.

    Raises:
        UserError: the table has none.
    """
    table = load_params(tree / PARAMS_PATH).data.table
    path = Path(f"{table}.dvc")
    content = read_yaml(tree / path, "") if (tree / path).exists() else {}
    sources = content.get("deps") if isinstance(content, dict) else None
    if not sources:
        raise UserError(
            f"{table}: has no source to renew it from; `dvc import-url URL {table}` gives it one "
            "(after `git rm --cached` where git has the table)"
        )
    return path, str(sources[0]["path"])


def update_table(tree: Path, python: str, log: Path) -> str | None:
    """Bring the table of a tree up to its source; the source, or None if it is as it was.

    Raises:
        UserError: the table has no source, or the source cannot be read.
    """
    path, source = source_of(tree)
    before = (tree / path).read_bytes()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        began = file.tell()
        try:
            with logged_in() as login:
                run_in(tree, [python, "-m", "dvc", "update", str(path)], file, login)
        except UserError:
            said = log.read_bytes()[began:].decode(errors="replace")
            raise UserError(f"{source}: {reason(said)}") from None
    return None if (tree / path).read_bytes() == before else source


def fetch_table(tree: Path) -> None:
    """Have the table of a tree there, where neither it nor the cache has it: in a fresh clone.

    Raises:
        UserError: it cannot be had; the line says why, and what to do.
    """
    with chdir(tree):
        fetch_sources()


def table_of(tree: Path) -> Table:
    """The table of a tree, read and checked.

    Raises:
        UserError: it is refused; the line names file, row and column.
    """
    data = load_params(tree / PARAMS_PATH).data
    path = str(tree / data.table)
    try:
        return read_table(data.model_copy(update={"table": path}))
    except UserError as error:
        raise UserError(str(error).replace(path, data.table)) from None


def refuse_another_contract(old: Table, new: Table) -> None:
    """Hold the new table to the columns and classes of the old one.

    What ``params.yaml`` states is held by the reading itself; what it leaves to the table is here.

    Raises:
        UserError: all that differs, each with what to edit.
    """
    lines = [*_columns(old, new), *_classes(old, new)]
    if lines:
        raise UserError("; ".join(lines))


def _columns(old: Table, new: Table) -> list[str]:
    before, after = _by_name(old.data.features), _by_name(new.data.features)
    lines = [
        f"the column {json.dumps(name)} is gone: list data.features in params.yaml without it, and "
        "raise model.version, since requests change"
        for name in before
        if name not in after
    ]
    lines += [
        f"the column {json.dumps(name)} is new, and would be asked of every request: list "
        "data.features in params.yaml, with or without it"
        for name in after
        if name not in before
    ]
    for name in before.keys() & after.keys():
        if (was := _described(before[name])) != (now := _described(after[name])):
            lines.append(
                f"the column {json.dumps(name)} was {was} and is {now}: state it in data.features "
                "of params.yaml"
            )
    return lines


def _by_name(features: Sequence[Feature]) -> dict[str, Feature]:
    return {feature.name: feature for feature in features}


def _described(feature: Feature) -> str:
    values = f" of {', '.join(map(str, feature.values))}" if feature.values else ""
    gaps = " with gaps" if feature.missing else ""
    return f"a {feature.type}{values}{gaps}"


def _classes(old: Table, new: Table) -> list[str]:
    before, after = (list(map(str, table.data.classes)) for table in (old, new))
    if old.data.task != new.data.task:
        return [
            f"the label makes this a {new.data.task} and was of a {old.data.task}: state data.task"
        ]
    lines = [
        f"the class {json.dumps(name)} is gone: list data.classes in params.yaml without it, and "
        "raise model.version, since numbers of classes change"
        for name in before
        if name not in after
    ]
    lines += [
        f"the class {json.dumps(name)} is new: add it at the end of data.classes in params.yaml, "
        "and raise model.version"
        for name in after
        if name not in before
    ]
    return lines
