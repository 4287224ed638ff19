"""``params.yaml``: what does not fit is one line with the key, what was found and what is meant."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tree import PROJECT
from twinserve.config.errors import UserError, run_as_command
from twinserve.config.params import load_params

Change = Callable[[dict[str, Any]], object]


def written(directory: Path, change: Change) -> Path:
    """A file that fits, with one change."""
    params = yaml.safe_load((PROJECT / "params.yaml").read_text())
    change(params)
    path = directory / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    return path


def test_own_file_is_read() -> None:
    """A whole file fits."""
    params = load_params(PROJECT / "params.yaml")
    assert params.model.version == "v1.0"
    assert len(params.data.features) == len(params.golden[0].features)


CHANGES: dict[str, tuple[Change, str]] = {
    "missing": (lambda p: p.pop("split"), "split: Field required"),
    "unknown": (lambda p: p["split"].update(fraction=0.1), r"split\.fraction: unknown; did you "),
    "another type": (lambda p: p["split"].update(seed="x"), "split.seed: .*, found 'x'"),
    "out of range": (lambda p: p["split"].update(test_fraction=1.5), "split.test_fraction: .*1.5"),
    "no version": (lambda p: p["model"].update(version="1"), "model.version: .*, found '1'"),
    "a column twice": (
        lambda p: p["data"]["features"].append({"name": "sepal_length"}),
        "data: .*column named more than once: sepal_length",
    ),
    "label as column": (lambda p: p["data"].update(label="petal_width"), "petal_width"),
    "a class twice": (lambda p: p["data"]["classes"].append("setosa"), "class named more .*setosa"),
    "golden of another width": (
        lambda p: p["golden"][1]["features"].pop(),
        r"golden\[1\] must have 4 features and a prediction below 3",
    ),
    "golden of no class": (lambda p: p["golden"][0].update(prediction=3), r"golden\[0\]"),
    "runtime": (
        lambda p: p["serving"].update(runtime="abacus"),
        "runtime: .*'compiled', 'onnx'",
    ),
    "prices of no day": (lambda p: p["prices"].update(as_of="2025"), r"prices\.as_of: .*'2025'"),
    "prices of nobody": (lambda p: p["prices"].pop("source"), r"prices\.source: Field required"),
    "machine": (lambda p: p["serving"]["compile"].update(machine="vax"), "machine: .*'aarch64'"),
    "several": (lambda p: (p.pop("split"), p.pop("model")), r"Field required \(and 1 more\)"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_what_does_not_fit_is_named(tmp_path: Path, change: Change, message: str) -> None:
    """The key, the rule and what was found, in one line."""
    with pytest.raises(UserError, match=message) as refused:
        load_params(written(tmp_path, change))
    assert "\n" not in str(refused.value)
    assert "params.yaml: " in str(refused.value)


def test_missing_file_is_told(tmp_path: Path) -> None:
    """Run from elsewhere, the line says from where."""
    with pytest.raises(UserError, match="No such file or directory; run this from the top of the "):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("text", ["a: [", "\t- x", "a: b: c"])
def test_broken_yaml_is_told(tmp_path: Path, text: str) -> None:
    """YAML's own complaint, in one line."""
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"params\.yaml: not YAML: .*line 1") as refused:
        load_params(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "- a", "7"])
def test_yaml_that_is_no_mapping_is_told(tmp_path: Path, text: str) -> None:
    """An empty file or a list is refused as a whole."""
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"params\.yaml: the file: "):
        load_params(path)


@pytest.mark.parametrize(
    ("raised", "code", "printed"),
    [
        (None, 0, ""),
        (UserError("a line"), 1, "error: a line\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_command_ends_with_its_code(
    raised: BaseException | None, code: int, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a user can mend is a line and 1, an interrupt 130, success 0."""

    def main() -> None:
        if raised:
            raise raised

    with pytest.raises(SystemExit) as ended:
        run_as_command(main)
    assert (ended.value.code, capsys.readouterr().err) == (code, printed)


DEPLOYMENTS: dict[str, tuple[Change, str]] = {
    "one name for both": (
        lambda p: p["deployment"]["function"].update(name="fastapi-ml-service"),
        "deployment: .*service and function are both called fastapi-ml-service",
    ),
    "memory in another form": (
        lambda p: p["deployment"]["service"].update(memory="512M"),
        "deployment.service.memory: .*'512M'",
    ),
    "bounds out of order": (
        lambda p: p["deployment"]["function"].update(min_instances=11),
        r"deployment.function: .*min_instances \(11\) is above max_instances",
    ),
    "a name too long for a revision": (
        lambda p: p["deployment"]["service"].update(name="a" * 40),
        "deployment.service.name",
    ),
    "not a Python": (
        lambda p: p["deployment"]["function"].update(base_image="nodejs22"),
        "deployment.function.base_image",
    ),
}


@pytest.mark.parametrize(("change", "message"), DEPLOYMENTS.values(), ids=DEPLOYMENTS.keys())
def test_deployment_that_google_would_refuse_is_refused_here(
    tmp_path: Path, change: Change, message: str
) -> None:
    """A name, a size or an order that cannot be deployed ends before anything is called."""
    with pytest.raises(UserError, match=message):
        load_params(written(tmp_path, change))


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        (
            "gs://bucket/dvc",
            "gs://bucket/dvc`, commit .dvc/config, and delete the key",
        ),
        (None, "DVC's own configuration names the remote: delete the key"),
    ],
)
def test_remote_that_params_still_names_is_told_where_it_goes(
    tmp_path: Path, url: str | None, cure: str
) -> None:
    """With the command that takes its place."""
    path = written(tmp_path, lambda p: p.update(storage={"dvc_remote": url}))
    with pytest.raises(UserError) as refused:
        load_params(path)
    assert cure in str(refused.value)
    assert "storage.dvc_remote" in str(refused.value)
