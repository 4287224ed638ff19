"""The commands that record noise, tell the gate's power, and publish the schema."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.studies import noise as noises
from benchmarks.studies import power
from benchmarks.studies.noise import RECORDED, Noise, read_noise, write_noise
from tests.benchmarks.studies.test_power import CONDITIONS
from tests.measure.fakes import card, fake_target
from tests.tree import PROJECT, ROOT
from twinserve.__main__ import main
from twinserve.measure.history.document import SCHEMA, json_schema
from twinserve.targets import local


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters, for a short comparison, and the page, as the current folder."""
    monkeypatch.chdir(tmp_path)
    for folder, name in ((PROJECT, "params.yaml"), (ROOT, "docs/measuring.md")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (tmp_path / "params.yaml").read_text()
    for old, new in (
        ("cold_starts: 3 ", "cold_starts: 1 "),
        ("warm_requests: 200    # likewise", "warm_requests: 10    # likewise"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "params.yaml").write_text(text)


def test_noise_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both targets and the micro-benchmarks, into the file that the test of the gate reads."""
    monkeypatch.setattr("twinserve.delivery.bundle.assembly.bundled_card", card)
    monkeypatch.setattr(local, "local_service", lambda _bundle: fake_target())
    monkeypatch.setattr(local, "local_function", lambda _bundle: fake_target(name="function"))
    monkeypatch.setattr(noises, "run_suite", lambda _tree: {"one": 1.0})
    monkeypatch.setattr("twinserve.measure.pairs.side_by_side.WARM_UP_REQUESTS", 1)
    assert main(["bench", "noise", "--rounds", "1", "--suites", "2"]) == 0
    noise = read_noise(RECORDED)
    assert noise.cold_ms.keys() == {"service", "function"}
    assert noise.micro_us.shape == (2, 2, 1)


def test_power_is_told_and_published(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row each figure, without a change and with one, into the page too."""
    monkeypatch.setattr("benchmarks.studies.commands.COMPARISONS", 10)
    monkeypatch.setattr(power, "WARM_SLOWDOWN", 1.5)
    quiet = np.ones((20, 2, 1))
    noise = Noise(CONDITIONS, {"service": quiet}, {"service": quiet}, quiet, ("a::b",))
    write_noise(noise, RECORDED)
    assert main(["bench", "power", "--publish"]) == 0
    row = "| service: warm p50 | 50% | 100.0% | 0.0% |  |"
    assert row in capsys.readouterr().out
    assert row in Path("docs/measuring.md").read_text()
    where = (
        "Noise recorded 29 February 2024, 12:34 UTC on Some CPU, 2 cores, load average 0.2, then"
    )
    assert f"{where} not told." in Path("docs/measuring.md").read_text()
    assert "| any of them | none | 0.0% | 0.0% |  |" in Path("docs/measuring.md").read_text()


def test_schema_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is published."""
    assert main(["bench", "schema"]) == 0
    assert SCHEMA.read_text() == json_schema()
    assert capsys.readouterr().out == f"written: {SCHEMA}\n"
