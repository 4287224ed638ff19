"""The engine with the rooms that pipeline and bundles need, so that uv has less to do."""

import re
from pathlib import Path

from tests.delivery.update.forks import Repository, publish_engine
from twinserve.delivery.bundle.pins import LOCKS

# Groups of pyproject.toml that neither needs.
_OTHERS = re.compile(
    r"^(?:peer-|server-|clients\b|remote-|lightgbm\b|xgboost\b"
    r"|(?:service|function)-joblib)[\w-]* = .*\n",
    re.MULTILINE,
)


def publish_slim_engine(directory: Path) -> Repository:
    """As ``publish_engine``, committed, with those rooms left out."""
    repository = publish_engine(directory)
    text = repository.path("pyproject.toml").read_text()
    left_out = {found[0].partition(" ")[0] for found in _OTHERS.finditer(text)}
    assert {"peer-mlflow", "server-s3", "remote-s3", "service-joblib-xgboost"} <= left_out
    repository.write("pyproject.toml", _OTHERS.sub("", text))
    for path in repository.path(str(LOCKS)).rglob("*.txt"):
        room = path.relative_to(repository.path(str(LOCKS))).with_suffix("").as_posix()
        if room in left_out or "/" in room:
            path.unlink()
    repository.commit("Fewer rooms")
    return repository
