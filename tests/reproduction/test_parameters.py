"""``params.yaml`` fits the schema by which editors check it."""

import re
import subprocess
import sys
from pathlib import Path

from twinserve.config.params import PARAMS_PATH
from twinserve.config.reference import SCHEMA


def test_parameters_fit_the_published_schema() -> None:
    """By the tool that knows no code of ours."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--schemafile", str(SCHEMA)]
    done = subprocess.run([*command, str(PARAMS_PATH)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_schema_that_the_file_names_is_the_published_one() -> None:
    """A fork may do without the line; one that is there leads somewhere."""
    named = re.findall(r"yaml-language-server: \$schema=(\S+)", PARAMS_PATH.read_text())
    assert [Path(name) for name in named] in ([SCHEMA], [])
