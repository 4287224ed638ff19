"""What renewals of tools share: who is asked for versions, images and dates."""

from collections.abc import Iterator

import pytest

from tests.renewal.tools.fake_sources import Sources, serve_sources


@pytest.fixture
def sources() -> Iterator[Sources]:
    """Of gcloud, images and dates."""
    with serve_sources() as served:
        yield served
