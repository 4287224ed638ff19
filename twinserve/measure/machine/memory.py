"""Proportional set size of a process and everything it started."""

import psutil

from twinserve.targets.tree import process_tree


def tree_pss_bytes(pid: int) -> int | None:
    """Memory of the process tree, a page shared by n processes counted 1/n in each.

    None where the kernel does not tell: systems other than Linux, or another user's process.
    """
    sizes = {process.pid: _pss_bytes(process) for process in process_tree(pid)}
    if sizes.get(pid) is None:
        return None
    # A child that ended meanwhile holds nothing.
    return sum(size or 0 for size in sizes.values())


def _pss_bytes(process: psutil.Process) -> int | None:
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return None
    pss: int | None = getattr(memory, "pss", None)
    return pss
