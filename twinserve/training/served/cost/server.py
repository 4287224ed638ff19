"""Serve what lies in a folder, for as long as its cost is measured: ``… FOLDER PROJECT``."""

import os
import sys
from pathlib import Path

from uvicorn.config import Config

from twinserve.config.errors import run_as_command
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.http.server import DrainingServer, options


def main() -> None:
    """Answer predictions at ``/predict``, with the project's own classes."""
    folder, project = sys.argv[1:]
    endpoint, bundle = open_endpoint(Path(folder), {"/predict"}, Path(project))
    limits = bundle.settings.limits
    port = int(os.environ["PORT"])
    config = Config(endpoint, host=os.environ["HOST"], port=port, **options(limits))
    DrainingServer(config, limits, None).run()


if __name__ == "__main__":
    run_as_command(main)
