"""``python -m delivery COMMAND``."""

import argparse

from config.errors import run_as_command
from delivery import bundle


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m delivery", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("repro", help="run dvc repro, with or without a git checkout")
    commands.add_parser("bundle", help="assemble dist/service and dist/function")
    commands.add_parser("rehearse", help="reproduce, serve, check and measure on this machine")
    commands.add_parser("serve", help="serve both bundles until Ctrl-C")
    commands.add_parser("lock", help="compile the lock files anew")
    arguments = parser.parse_args()
    COMMANDS[arguments.command]()


def _bundle() -> None:
    for target, path in bundle.assemble().items():
        files = [file for file in path.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        print(f"{target:<9} {path}  {len(files)} files, {size / 1e3:.0f} kB")
    print(f"bundle    {bundle.read_bundle_hash(path)[:12]}")


def _repro() -> None:
    from delivery.reproduce import reproduce

    reproduce()


def _rehearse() -> None:
    from delivery.rehearse import rehearse

    rehearse()


def _serve() -> None:
    from delivery.serve import serve

    serve()


def _lock() -> None:
    from delivery.lock import lock

    for path in lock():
        print(path)


COMMANDS = {
    "repro": _repro,
    "bundle": _bundle,
    "rehearse": _rehearse,
    "serve": _serve,
    "lock": _lock,
}

if __name__ == "__main__":
    run_as_command(main)
