"""Which versions lock files name, and where two sets of them differ."""

from pathlib import Path

from twinserve.delivery.bundle.pins import Change, changes, lowered, read_pins, read_rooms

TEXT = """\
Fancy.Name==1.2.3 \\
    --hash=sha256:00
extra[more]==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:00
numpy==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:00
numpy==2.3 ; python_full_version >= '3.12' \\
    --hash=sha256:00
"""


def test_pins_are_read_by_canonical_name() -> None:
    """Extras, markers and hashes are left out; of several versions the highest counts."""
    assert read_pins(TEXT) == {"fancy-name": "1.2.3", "extra": "2.0", "numpy": "2.3"}


def test_rooms_are_named_below_locks(tmp_path: Path) -> None:
    """The peers' with their folder."""
    for name in ("dev", "peers/other"):
        path = tmp_path / "locks" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("a==1\n")
    assert read_rooms(tmp_path) == {"dev": {"a": "1"}, "peers/other": {"a": "1"}}


def test_change_names_every_room_with_the_same_versions() -> None:
    """What came and went are changes too."""
    old = {"dev": {"a": "1", "b": "1"}, "service": {"a": "1"}}
    new = {"dev": {"a": "2", "c": "1"}, "service": {"a": "2"}}
    assert changes(old, new) == (
        Change("a", "1", "2", ("dev", "service")),
        Change("b", "1", None, ("dev",)),
        Change("c", None, "1", ("dev",)),
    )


def test_version_that_goes_down_is_known_by_its_number() -> None:
    """Ten comes after nine; what is gone has not gone down."""
    assert lowered({"a": "1.10", "b": "2", "c": "1"}, {"a": "1.9", "b": "2.1"}) == {"a": "1.10"}
