"""What is taken out of an environment, and what is left."""

import json
import shutil
from pathlib import Path

import pytest

from service.prune import UNNEEDED, prune, strip
from tests.tools import run
from tests.tree import ROOT
from twinserve.config.card import load_card
from twinserve.targets.environment import ensure_environment

LEFT = ("numpy/__init__.py", "onnxruntime/capi/_pybind_state.py", "package/testing.py")
TAKEN = (
    "numpy/_core/tests/test_array.py",
    "numpy/distutils/core.py",
    "onnxruntime/capi/libonnxruntime.so.1.32.0",
    "onnxruntime/tools/convert.py",
    "package/stub.pyi",
)


def test_only_what_is_listed_is_removed(tmp_path: Path) -> None:
    """The rest stays, and the bytes that were freed are counted."""
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in LEFT + TAKEN:
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_bytes(b"12345")
    assert prune(tmp_path) == 5 * len(TAKEN)
    files = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    assert files == set(LEFT)


def test_library_loses_what_is_never_loaded(dist: Path, tmp_path: Path) -> None:
    """As uvloop, which comes with 12 MB of debug information and works without it."""
    python = ensure_environment(dist / "service" / "requirements.txt")
    packages = next((python.parent.parent / "lib").glob("python3*/site-packages"))
    shutil.copytree(packages / "uvloop", tmp_path / "uvloop")
    (library,) = (tmp_path / "uvloop").glob("loop.*.so")
    before = library.stat().st_size
    freed = strip(library)
    assert freed > 5_000_000
    assert library.stat().st_size == before - freed
    assert strip(library) == 0
    code = "import asyncio, uvloop; uvloop.run(asyncio.sleep(0)); print(uvloop.__file__)"
    command = [str(python), "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {code}"]
    done = run([*command, str(tmp_path)])
    assert done.stdout.strip() == str(tmp_path / "uvloop" / "__init__.py"), done.stderr


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF\x02\x01", b"# text", b"\x7fELF\x02\x01" + bytes(90)]
)
def test_what_is_no_library_is_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    """A text, an empty file, a header that promises nothing."""
    path = tmp_path / "some.so"
    path.write_bytes(content)
    assert strip(path) == 0
    assert path.read_bytes() == content


def test_each_pattern_has_its_reason() -> None:
    """Nothing is dropped without saying why."""
    assert all(reason.strip() for reason in UNNEEDED.values())


@pytest.mark.nightly
def test_estimator_itself_can_be_served_from_what_is_left(dist: Path, tmp_path: Path) -> None:
    """The other runtime's image is pruned in the same way; its packages import more of NumPy."""
    python = ensure_environment(ROOT / "locks" / "service-joblib.txt")
    shutil.copytree(python.parent.parent, tmp_path / "venv", symlinks=True)
    assert prune(tmp_path / "venv")
    golden = load_card(dist / "service" / "model.json").golden[0]
    code = (
        "import joblib, json, sys\n"
        "model = joblib.load(sys.argv[1])\n"
        "print(int(model.predict([json.loads(sys.argv[2])])[0]))\n"
    )
    command = [str(tmp_path / "venv" / "bin" / "python"), "-c", code]
    command += [str(dist.parent / "models" / "model.pkl"), json.dumps(golden.features)]
    done = run(command, code=0)
    assert done.stdout.strip() == str(golden.prediction)
