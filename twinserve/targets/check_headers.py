"""Headers by which our own requests are let in, where a middleware of the user's asks who calls."""

import os
from collections.abc import Mapping

from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, load_params

SETTING = "deployment.check.headers"
# The repository's secret that each workflow hands to the commands that ask endpoints.
CHECK_VARIABLE = "CHECK_API_KEY"


def check_headers() -> dict[str, str]:
    """The headers that ``params.yaml`` names, with their values; none where there is no such file.

    Raises:
        UserError: a variable that holds a value is not set.
    """
    return header_values(load_params().deployment.check.headers) if PARAMS_PATH.exists() else {}


def header_values(variables: Mapping[str, str]) -> dict[str, str]:
    """The headers whose values stand in these environment variables, by the header's name.

    Raises:
        UserError: a variable is not set, or no header can hold what is in it.
    """
    headers = {}
    for name, variable in variables.items():
        value = os.environ.get(variable, "")
        if not value or not value.isascii() or not value.isprintable():
            why = "no text that a header can hold" if value else "not set"
            raise UserError(
                f"{SETTING}: {name} is to hold ${variable}, which is {why}; export it (a workflow "
                f"has the secret {CHECK_VARIABLE} and no other), or take the header out of "
                "params.yaml"
            )
        headers[name] = value
    return headers
