"""The one exception that ends as a line for the user instead of a traceback."""

import sys
from collections.abc import Callable
from io import TextIOWrapper


class UserError(Exception):
    """Something that the user can put right: the message says what, where and how.

    Attributes:
        exit_code: of the process that ends with it.
    """

    exit_code = 1


def run_as_command(main: Callable[[], int | None]) -> None:
    """Run a command line's ``main`` and leave the process with its exit code.

    A ``UserError`` becomes one line on stderr and its exit code; an interrupt becomes 130.
    Everything else is a bug and keeps its traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a log may take ASCII only (PYTHONIOENCODING, LANG=C); "±" is then shown as
        # "?". Whoever put another stream there decides for it.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = main()
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    sys.exit(code or 0)
