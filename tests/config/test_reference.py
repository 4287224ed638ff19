"""The published JSON Schema of ``params.yaml`` and the page of its keys are those of the types."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.tree import PROJECT, ROOT
from twinserve.__main__ import main
from twinserve.config.params import Params, load_params
from twinserve.config.prices import LIST_PRICES
from twinserve.config.reference import PAGE, SCHEMA, json_schema, page
from twinserve.config.section import Section

Change = Callable[[dict[str, Any]], object]


def params() -> Any:  # noqa: ANN401 - whatever YAML can hold
    """The parameters of the tests' own project, as plain values."""
    return yaml.safe_load((PROJECT / "params.yaml").read_text())


def fits(content: object) -> bool:
    """Whether the schema takes it."""
    return bool(jsonschema.Draft202012Validator(json.loads(json_schema())).is_valid(content))


def sections(section: type[Section]) -> Iterator[type[Section]]:
    """All subclasses, however deep."""
    for inner in section.__subclasses__():
        yield inner
        yield from sections(inner)


@pytest.mark.parametrize(("path", "make"), [(SCHEMA, json_schema), (PAGE, page)])
def test_published_reference_is_that_of_the_types(path: Path, make: Callable[[], str]) -> None:
    """`twinserve reference` has been run after the last change of a type."""
    assert (ROOT / path).read_text(encoding="utf-8") == make(), "run `twinserve reference`"


def test_command_writes_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`twinserve reference`, into docs/ of the folder where it runs."""
    monkeypatch.chdir(tmp_path)
    assert main(["reference"]) == 0
    assert (SCHEMA.read_text(), PAGE.read_text()) == (json_schema(), page())
    assert capsys.readouterr().out == f"written: {SCHEMA}\nwritten: {PAGE}\n"


def test_schema_takes_what_the_code_takes() -> None:
    """A whole file, and one with no more than what is required."""
    jsonschema.Draft202012Validator.check_schema(json.loads(json_schema()))
    assert fits(params())
    assert fits({name: params()[name] for name in json.loads(json_schema())["required"]})


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["deployment"].update(regoin="us-central1"),
        lambda p: p["split"].pop("seed"),
        lambda p: p["split"].update(test_fraction=1.5),
        lambda p: p["serving"].update(runtime="abacus"),
        lambda p: p["model"].update(version="1.0"),
        lambda p: p["prices"].pop("as_of"),
    ],
    ids=["unknown", "missing", "out of range", "none of a list", "another form", "half a table"],
)
def test_schema_refuses_what_the_code_refuses(change: Change) -> None:
    """A key, a bound, a word or a form that an editor is to mark."""
    content = params()
    change(content)
    assert not fits(content)


def test_every_key_says_what_it_means() -> None:
    """In the text below it, of which the page is made."""
    silent = [
        f"{section.__name__}.{name}"
        for section in sections(Section)
        if section.__module__.startswith("twinserve.")
        for name, field in section.model_fields.items()
        if not field.description
    ]
    assert silent == []


@pytest.mark.parametrize(
    "row",
    [
        "| `prices.idle_gib_second` | number from 0 | `0.0000025` |",
        '| `serving.allowed_origins` | list of: text | `["*"]` |',
        "| `serving.max_body_bytes` | integer from 64 to 16777216 | `65536` |",
        "| `data.features[].name` | text | required |",
        "| `deployment.build_machine` | text or `null` | `null` |",
        "| `deployment.service.cpu` | one of `1`, `2`, `4`, `6`, `8` | `1` |",
    ],
)
def test_page_tells_type_and_default_as_they_are_written(row: str) -> None:
    """As YAML has them: no power of ten, a star in quotes; no cell is empty but a section's."""
    assert row in page()


def test_page_has_every_key_once() -> None:
    """Each with a meaning."""
    names = re.findall(r"^\| `(\S+)` \|", page(), flags=re.MULTILINE)
    assert len(names) == len(set(names)) > 100
    assert not re.findall(r"\|\s*\|$", page(), flags=re.MULTILINE)


def test_what_dvc_reads_by_itself_is_required() -> None:
    """DVC knows no default: a key of dvc.yaml that were left out would end its run."""
    schema = json.loads(json_schema())
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    params = [key for stage in stages.values() for key in stage.get("params", ())]
    for key in sorted({key for key in params if isinstance(key, str)}):
        section = schema
        for part in key.split("."):
            assert part in section["required"], key
            section = section["properties"][part]
            if "$ref" in section:
                section = schema["$defs"][section["$ref"].rpartition("/")[2]]


def test_prices_are_the_dated_table_unless_they_are_given(tmp_path: Path) -> None:
    """Another table takes its place whole."""
    content, path = params(), tmp_path / "params.yaml"
    content["prices"]["as_of"] = "2026-10-01"
    path.write_text(yaml.safe_dump(content))
    assert load_params(path).prices == LIST_PRICES.model_copy(update={"as_of": "2026-10-01"})
    del content["prices"]
    path.write_text(yaml.safe_dump(content))
    assert load_params(path).prices == LIST_PRICES == Params.model_fields["prices"].default
