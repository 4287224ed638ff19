"""Each stage's digest covers what the stage uses of the engine, and nothing else."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.models.trees import export
from tests.tree import ROOT
from twinserve.training.engine import DIGESTS, STAGES, digests, stale_stages, used_files

ALL = set(STAGES)
# Run in a stage's place: names each file of the engine that is imported or opened, then the rest.
WATCH = """
import runpy, sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda event, given: event == "open" and opened.add(str(given[0])))
try:
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
finally:
    imported = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
    here = Path.cwd()
    for name in imported | opened:
        path = Path(here, name)
        if path.is_relative_to(here) and path.is_file() and path.suffix != ".pyc":
            print("used", path.relative_to(here))
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A copy of the engine and the locks, which a test may change."""
    for name in ("twinserve", "locks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


@pytest.fixture(scope="module")
def unchanged() -> dict[str, str]:
    """The digests of the engine as it is."""
    return digests(ROOT)


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        ("twinserve/config/errors.py", ALL),
        ("twinserve/config/params.py", ALL - {"accept"}),
        ("twinserve/training/evaluate.py", {"evaluate"}),
        ("twinserve/training/train.py", {"train"}),
        ("twinserve/training/table.py", {"prepare", "export"}),
        ("twinserve/training/estimator.py", {"train", "evaluate", "export"}),
        ("twinserve/training/evaluation/pictures.py", {"evaluate"}),
        ("twinserve/training/reading/cells.py", {"prepare", "export"}),
        ("twinserve/training/served/trees/xgboost.py", {"export"}),
        ("twinserve/inference/runtimes/mixture.py", {"export", "bundle"}),
        ("twinserve/inference/typed.py", {"prepare", "export", "bundle"}),
        ("locks/xgboost.txt", {"train", "evaluate", "export"}),
        ("locks/service-joblib.txt", {"export", "bundle"}),
        ("twinserve/training/served/requests/thresholds.py", {"export"}),
        ("twinserve/inference/runtimes/onnx.py", {"export", "bundle"}),
        ("twinserve/inference/endpoint.py", {"bundle"}),
        ("twinserve/delivery/bundle/assembly.py", {"bundle"}),
        ("twinserve/__init__.py", {"bundle"}),
        ("locks/service-onnx.txt", {"bundle"}),
        ("locks/dev.txt", set()),
        ("twinserve/config/deployment.py", set()),
        ("twinserve/delivery/release/transaction.py", set()),
        ("twinserve/review/report.py", set()),
        ("twinserve/training/engine.py", set()),
    ],
)
def test_change_of_a_file_changes_the_digest_of_the_stages_that_use_it(
    engine: Path, unchanged: dict[str, str], path: str, stages: set[str]
) -> None:
    """And of no other stage."""
    with (engine / path).open("a") as file:
        file.write("# changed\n")
    after = digests(engine)
    assert {name for name in after if after[name] != unchanged[name]} == stages


def test_import_that_is_new_counts_at_whatever_depth(engine: Path) -> None:
    """A module that a function of an imported module imports belongs to the stage from then on."""
    (engine / "twinserve/training/sampling.py").write_text("SEED = 1\n")
    with (engine / "twinserve/training/table.py").open("a") as file:
        file.write("\n\ndef draw():\n    from twinserve.training.sampling import SEED\n")
    before = digests(engine)
    (engine / "twinserve/training/sampling.py").write_text("SEED = 2\n")
    after = digests(engine)
    assert {name for name in after if after[name] != before[name]} == {"prepare", "export"}


def test_file_that_moves_changes_the_digest(engine: Path) -> None:
    """Names count beside contents: a bundle has both."""
    before = digests(engine)
    folder = engine / "twinserve" / "inference" / "runtimes"
    (folder / "onnx.py").rename(folder / "other.py")
    assert digests(engine)["bundle"] != before["bundle"]


def test_stale_stages_are_those_whose_code_has_changed(engine: Path) -> None:
    """All where nothing is written; none as written; then what a change reaches."""
    assert stale_stages(engine) == list(STAGES)
    (engine / DIGESTS).write_text(json.dumps(digests(engine)))
    assert stale_stages(engine) == []
    with (engine / "twinserve/training/train.py").open("a") as file:
        file.write("# changed\n")
    assert stale_stages(engine) == ["train"]


def test_every_stage_of_the_pipeline_depends_on_its_digest() -> None:
    """And no stage names a module, or a lock of a bundle, that an update could move."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert stages.pop("engine")["outs"] == [{str(DIGESTS): {"cache": False, "persist": True}}]
    assert set(stages) == ALL
    for name, stage in stages.items():
        assert {str(DIGESTS): [name]} in stage["params"], name
        named = [dep for dep in stage["deps"] if dep.startswith(("twinserve", "locks/"))]
        assert set(named) <= {"locks/training.txt"}, name


def test_sections_that_are_left_out_are_read_by_no_stage(engine: Path) -> None:
    """What is said there of deployment, measurement and prices reaches no output."""
    sections = {"deployment", "measurement", "prices"}
    for stage in STAGES.values():
        for path in used_files(engine, stage):
            if path.endswith(".py") and not path.startswith("twinserve/config/"):
                tree = ast.parse((engine / path).read_text())
                read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
                assert not read & sections, path


def test_packages_hold_no_code_of_their_own() -> None:
    """Which is why an ``__init__.py`` is no part of a digest, but in what is bundled."""
    for path in (ROOT / "twinserve").rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        code = [node for node in body if not isinstance(node, ast.Expr)]
        names = [node.targets[0].id for node in code]  # type: ignore[attr-defined]
        assert names in ([], ["__version__"]), path


def used_by(tree: Path, module: str) -> set[str]:
    """What a stage imports and opens below engine and locks when it is run."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, module],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    used = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("used ")}
    # Run as the main module, its compiled code may be all that is opened of it.
    used.add(f"{module.replace('.', '/')}.py")
    return {
        path
        for path in used
        if path.startswith(("twinserve/", "locks/")) and not path.endswith("__init__.py")
    }


def made(tree: Path, dist: Path) -> Path:
    """An exported tree with what a run of the pipeline has made."""
    export(tree)
    for name in ("models", "evaluation", "data/prepared"):
        shutil.copytree(dist.parent / name, tree / name, dirs_exist_ok=True)
    return tree


# What a stage imports or opens, and need not run again for.
NO_INPUT = {
    "twinserve/config/deployment.py", "twinserve/config/measurement.py",
    "twinserve/config/prices.py", "twinserve/config/prices.json",
    "locks/training.txt",  # in dvc.yaml
}  # fmt: skip


def test_first_stage_uses_nothing_that_its_digest_does_not_cover(
    dist: Path, tmp_path: Path
) -> None:
    """Seen while it runs."""
    tree = made(tmp_path / "tree", dist)
    used = used_by(tree, "twinserve.training.prepare") - NO_INPUT
    assert "twinserve/training/table.py" in used
    assert used <= set(used_files(tree, STAGES["prepare"]))


@pytest.mark.nightly
@pytest.mark.parametrize("name", [name for name in STAGES if name != "bundle"])
def test_stage_uses_what_its_digest_covers(dist: Path, tmp_path: Path, name: str) -> None:
    """All that is imported and opened while it runs is covered, and hardly anything else is."""
    tree = made(tmp_path / "tree", dist)
    used = used_by(tree, f"twinserve.training.{name}") - NO_INPUT
    covered = set(used_files(tree, STAGES[name]))
    assert used <= covered
    # Runtimes and ways to compile that this estimator does not take, steps that nobody has written.
    assert len(covered - used) <= len(covered) / 3, covered - used


def test_bundles_hold_nothing_that_their_digest_does_not_cover(dist: Path) -> None:
    """Each file of the engine that is served is among the inputs of the stage that copies it."""
    covered = set(used_files(dist.parent, STAGES["bundle"]))
    served = {
        str(path.relative_to(target))
        for target in dist.iterdir()
        for path in (target / "twinserve").rglob("*.py")
    }
    assert "twinserve/inference/endpoint.py" in served
    assert served <= covered
