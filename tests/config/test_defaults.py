"""Defaults of ``params.yaml``'s keys."""

from pathlib import Path

import yaml

from tests.tree import PROJECT
from twinserve.config.params import Params, load_params


def test_default_is_what_the_same_value_in_the_file_would_be(tmp_path: Path) -> None:
    """10 seconds are 10.0 either way, so that no bundle changes by writing a default out."""
    content = yaml.safe_load((PROJECT / "params.yaml").read_text())
    path = tmp_path / "params.yaml"
    required = {name for name, field in Params.model_fields.items() if field.is_required()}
    content = {name: content[name] for name in required}
    content["serving"] = {name: content["serving"][name] for name in ("runtime", "compile")}
    path.write_text(yaml.safe_dump(content))
    short = load_params(path)
    path.write_text(yaml.safe_dump(short.model_dump(mode="json")))
    # 10 and 10.0 are equal, and written otherwise.
    assert repr(load_params(path)) == repr(short)
