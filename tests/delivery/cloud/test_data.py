"""`doctor` knows where DVC keeps tables, and whether the workflows can get there."""

from pathlib import Path

import pytest
from rich.console import Console

from twinserve.config.params import load_params
from twinserve.delivery.cloud.doctor.data import remote
from twinserve.delivery.project import Cloud
from twinserve.targets.google.gcloud import Gcloud


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A project, asked from a folder with a remote of DVC's."""
    opened = Cloud(Gcloud("a-project"), load_params(), Console(), as_json=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    Path(".dvc").mkdir()
    Path(".dvc/config").touch()
    return opened


@pytest.mark.parametrize(
    ("url", "weight", "parts"),
    [
        ("gs://a-project-twinserve-dvc/dvc", "fine", ("the bucket a-project-twinserve-dvc",)),
        (
            "gs://ours",
            "warning",
            (
                "the bucket ours",
                "twinserve-reader@a-project",
                "roles/storage.objectViewer",
                "twinserve-renewer@a-project",
                "roles/storage.objectCreator",
            ),
        ),
        ("s3://ours/dvc", "warning", ("(s3)", "DVC_CONFIG_LOCAL", "docs/data.md")),
        ("/mnt/share", "warning", ("a folder", "that GitHub's machines can reach")),
        ("https://somebody:secret@host/dvc", "fine", ("host", "DVC_CONFIG_LOCAL")),
    ],
)
def test_remote_that_workflows_cannot_use_as_it_is_is_told(
    cloud: Cloud, url: str, weight: str, parts: tuple[str, ...]
) -> None:
    """With what is to be given to whom; no login in its address is shown."""
    text = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {url}\n"
    Path(".dvc/config").write_text(text)
    (finding,) = remote(cloud)
    line = finding.line
    assert line.startswith(weight[:4])
    assert all(part in line for part in parts), line
    assert "secret@" not in line


def test_nothing_is_said_without_a_remote(cloud: Cloud) -> None:
    """As in the default repository."""
    assert remote(cloud) == []
