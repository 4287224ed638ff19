"""The URLs of the fake lead to what the contract asks for, untouched."""

import sys
from pathlib import Path

import pytest

from tests.google.commands import FUNCTION, SERVICE, deploy_function, deploy_service, predict
from tests.google.fake import FakeGoogle
from tests.tools import run


@pytest.mark.nightly
def test_contract_holds_through_the_urls(google: FakeGoogle, dist: Path) -> None:
    """The whole suite, with what a front end may answer: bodies in chunks, headers, connections."""
    service = deploy_service(google, dist / "service")["status"]["url"]
    function = deploy_function(google, dist / "function", "--allow-unauthenticated")
    urls = [f"--base-url=service={service}", f"--base-url=function={function['status']['url']}"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "twinserve/contract/suite.py",
        "--deployed",
    ]
    done = run([*command, *urls], code=0)
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_traffic_is_split_as_asked(google: FakeGoogle, dist: Path) -> None:
    """Two revisions with half each both answer."""
    url = deploy_service(google, dist / "service", "--revision-suffix=a")["status"]["url"]
    flags = ["--revision-suffix=b", "--no-traffic", "--set-env-vars=A=1"]
    deploy_service(google, dist / "service", *flags)
    split = f"--to-revisions={SERVICE}-a=50,{SERVICE}-b=50"
    google.gcloud("run", "services", "update-traffic", SERVICE, "--region=us-central1", split)
    instances = {predict(url).headers["x-instance"].split(";")[0] for _ in range(60)}
    assert len(instances) == 2


@pytest.mark.parametrize("name", [SERVICE, FUNCTION])
def test_process_that_died_is_started_again(google: FakeGoogle, dist: Path, name: str) -> None:
    """As an instance would be, by the request that finds none."""
    deploy = deploy_service if name == SERVICE else deploy_function
    bundle = dist / ("service" if name == SERVICE else "function")
    url = deploy(google, bundle, "--allow-unauthenticated")["status"]["url"]
    before = predict(url).headers["x-instance"].split(";")[0]
    google.clear_instances()
    after = predict(url).headers["x-instance"].split(";")[0]
    assert before != after


def test_deleted_service_answers_no_more(google: FakeGoogle, dist: Path) -> None:
    """Its port is closed."""
    url = deploy_service(google, dist / "service")["status"]["url"]
    delete = ["run", "services", "delete", SERVICE, "--region=us-central1", "--quiet"]
    assert google.gcloud(*delete).returncode == 0
    with pytest.raises(ConnectionRefusedError):
        predict(url)
