"""A compiled model on a machine that its bundle is not for: what ``export`` made to run here."""

import hashlib
from pathlib import Path

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, NATIVE, NATIVE_VARIABLE
from twinserve.targets.platforms import this_platform


def native_environment(bundle: Path) -> dict[str, str]:
    """Variables by which a local process can serve the bundle here; mostly none.

    Raises:
        UserError: the bundle is for another platform, and there is no object for this one.
    """
    card = load_card(bundle / CARD_NAME)
    if card.choice.platform in {"", this_platform()}:
        return {}
    path = NATIVE / f"{card.artifacts[card.served]}-{this_platform()}.so"
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        raise UserError(
            f"{bundle}: {card.served} is compiled for {card.choice.platform}, this machine is "
            f"{this_platform()}; `python -m twinserve.training.export` makes one to run here"
        ) from None
    return {NATIVE_VARIABLE: f"{digest}:{path.absolute()}"}
