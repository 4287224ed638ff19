"""Wait for an endpoint without guessing how long it takes."""

import time

from twinserve.config.errors import UserError
from twinserve.targets.opener import ask
from twinserve.targets.protocol import Endpoint

LIMIT_S = 60.0
# A model that has not answered by then never will, as far as a caller can tell.
PREDICTION_LIMIT_S = 30.0
INTERVAL_S = 0.02


def wait_until_answering(endpoint: Endpoint, *, limit_s: float = LIMIT_S) -> None:
    """Ask until any HTTP answer comes, from the endpoint itself: no proxy can answer for it.

    Raises:
        UserError: the endpoint has ended, or the limit has passed.
    """
    deadline = time.monotonic() + limit_s
    while True:
        try:
            # GET is not allowed there, and to say so it must be up.
            ask(endpoint.predict_url, 5, headers=endpoint.headers)
        except OSError as error:
            if (fault := endpoint.fault()) is not None:
                raise UserError(fault) from None
            if time.monotonic() > deadline:
                raise UserError(f"{endpoint.url}: no answer in {limit_s:g} s ({error})") from None
            time.sleep(INTERVAL_S)
        else:
            return


def wait_until_predicting(
    endpoint: Endpoint, body: bytes, *, limit_s: float = PREDICTION_LIMIT_S
) -> None:
    """Wait as above, then for the answer to a first prediction, whatever its status.

    Raises:
        UserError: the endpoint has ended, or the limit has passed.
    """
    wait_until_answering(endpoint, limit_s=limit_s)
    headers = {"Content-Type": "application/json", **endpoint.headers}
    deadline = time.monotonic() + limit_s
    try:
        ask(endpoint.predict_url, limit_s, body=body, headers=headers)
    except OSError as error:
        # A process that ends drops its connections first.
        while (fault := endpoint.fault()) is None and time.monotonic() < deadline:
            time.sleep(INTERVAL_S)
        if fault is not None:
            raise UserError(f"{fault}, at its first prediction") from None
        raise UserError(
            f"{endpoint.name}: the server answers, but the model has not answered its first "
            f"prediction in {limit_s:g} s ({error}); a library may wait for threads that it "
            "started before the server forked, or the model is too slow to be served"
        ) from None
