"""``twinserve set KEY=VALUE …``: change values of params.yaml, and no other line of it."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, Params, load_params
from twinserve.config.yaml_file import parse_yaml
from twinserve.delivery.adoption.yaml_edit import edited
from twinserve.training.outputs import write_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Each key with its value."""
    parser.add_argument(
        "assignments",
        nargs="+",
        metavar="KEY=VALUE",
        help="a dotted key and YAML: estimator.arguments.max_depth=4",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write them all, or nothing.

    Raises:
        UserError: a key's section is not in the file, or the values do not fit.
    """
    before = PARAMS_PATH.read_text(encoding="utf-8")
    text = before
    for assignment in arguments.assignments:
        path, value = _read(assignment)
        try:
            text = edited(text, {path: value})
        except KeyError:
            raise UserError(
                f"{PARAMS_PATH}: {'.'.join(path)}: {'.'.join(path[:-1]) or 'the file'} is no "
                "section of it; write the section first"
            ) from None
    write_checked(text, before)
    sys.stdout.write(f"set: written: {PARAMS_PATH}\n")


def write_checked(text: str, before: str) -> Params:
    """Write params.yaml, and read it as every command will.

    Raises:
        UserError: it does not fit; the text before is put back.
    """
    write_output(PARAMS_PATH, text.encode())
    try:
        return load_params()
    except UserError:
        write_output(PARAMS_PATH, before.encode())
        raise


def _read(assignment: str) -> tuple[Sequence[str], Any]:
    key, equals, text = assignment.partition("=")
    path = tuple(key.split("."))
    if not equals or not all(path):
        raise UserError(
            f"{assignment!r:.80}: expected KEY=VALUE, as estimator.arguments.max_depth=4"
        )
    return path, parse_yaml(text.encode(), key)
