"""What is taken out of an environment, and what is left."""

from pathlib import Path

from service.prune import UNNEEDED, prune

LEFT = ("numpy/__init__.py", "onnxruntime/capi/_pybind_state.py", "package/testing.py")
TAKEN = (
    "numpy/_core/tests/test_array.py",
    "numpy/f2py/main.py",
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


def test_each_pattern_has_its_reason() -> None:
    """Nothing is dropped without saying why."""
    assert all(reason.strip() for reason in UNNEEDED.values())
