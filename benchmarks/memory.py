"""Proportional set size of a process and everything it started."""

from pathlib import Path

PROC = Path("/proc")


def tree_pss_bytes(pid: int, proc: Path = PROC) -> int | None:
    """Memory of the process tree, a page shared by n processes counted 1/n in each.

    None where the kernel does not tell: systems other than Linux, or another user's process.
    """
    total = 0
    for member in _tree(pid, proc):
        pss = _pss_bytes(proc / str(member) / "smaps_rollup")
        if pss is None and member == pid:
            return None
        total += pss or 0  # a child that ended meanwhile holds nothing
    return total


def _tree(root: int, proc: Path) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in proc.glob("[0-9]*/stat"):
        try:
            # The command's name stands in brackets and may hold anything, brackets too.
            parent = int(entry.read_text(encoding="latin-1").rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        children.setdefault(parent, []).append(int(entry.parent.name))
    members = [root]
    for member in members:  # grows while it is walked: children of children
        members += children.get(member, [])
    return members


def _pss_bytes(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None
