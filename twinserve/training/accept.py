"""Take what was fitted as ``models/model.pkl``, its SHA-256 beside it, once that is known.

DVC's run cache may give ``models/fitted.pkl`` in place of a fit. Nothing is unpickled here.
"""

import sys

from twinserve.config.errors import UserError, run_as_command
from twinserve.training.fitting.digest import digest_of, digest_path, write_model
from twinserve.training.fitting.known import is_known
from twinserve.training.outputs import read_output
from twinserve.training.paths import FITTED_PATH, MODEL_PATH


def main() -> None:
    """Run the stage.

    Raises:
        UserError: nobody has fitted it here, and no commit names it; an earlier model stays.
    """
    content = read_output(FITTED_PATH)
    digest = digest_of(content)
    if not is_known(digest):
        raise UserError(
            f"{FITTED_PATH}: SHA-256 is {digest[:12]}…, it was not fitted in this tree, and no "
            f"commit here has it in {digest_path()}; it is not taken. `git fetch` the branch of "
            "whoever has fitted it, or fit it anew with `twinserve repro --afresh`"
        )
    write_model(content)
    sys.stdout.write(f"accept: {MODEL_PATH} has SHA-256 {digest[:12]}…\n")


if __name__ == "__main__":
    run_as_command(main)
