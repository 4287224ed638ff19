"""Proportional set size of a process and everything it started."""

from pathlib import Path

from twinserve.targets.tree import PROC, process_tree


def tree_pss_bytes(pid: int, proc: Path = PROC) -> int | None:
    """Memory of the process tree, a page shared by n processes counted 1/n in each.

    None where the kernel does not tell: systems other than Linux, or another user's process.
    """
    root = _pss_bytes(proc / str(pid) / "smaps_rollup")
    if root is None:
        return None
    below = (one.pid for one in process_tree(pid, proc) if one.pid != pid)
    # A child that ended meanwhile holds nothing.
    return root + sum(_pss_bytes(proc / str(child) / "smaps_rollup") or 0 for child in below)


def _pss_bytes(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None
