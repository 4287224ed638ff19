"""From a push to measured endpoints, on one machine."""

import json

import pytest

from tests.pipeline import critical_path
from tests.pipeline.releases.project import FUNCTION, SERVICE
from tests.pipeline.story import Story
from twinserve.contract.calls import HttpCaller


@pytest.mark.nightly
def test_push_ends_with_both_endpoints_answering_and_measured(repository: Story) -> None:
    """Push → deploy.yml → Cloud Build → gcloud → both URLs → measurement → artifacts."""
    run = repository.push()
    (build,) = repository.builds
    assert build.succeeded, build.outputs
    assert run.succeeded, run.output[-4000:]
    critical_path.keep(repository.times)
    assert critical_path.table(json.loads(critical_path.MEASURED.read_text()))
    assert "release --from-build" in " ".join(repository.times)
    jobs = ("verify", "build", "release", "describe", "measure", "switches")
    assert run.jobs == dict.fromkeys(jobs, "success")
    project = repository.project
    (release,) = project.releases()[SERVICE]
    assert project.releases() == {SERVICE: {release}, FUNCTION: {release}}
    for name in (SERVICE, FUNCTION):
        answer = HttpCaller(project.google.state.services[name].url).call(
            "POST", "/predict", body=b'{"features": [5.1, 3.5, 1.4, 0.2]}'
        )
        assert (answer.status, json.loads(answer.body)["prediction"]) == (200, 0)
    kept = repository.workflows.stand_ins.artifacts / "latency"
    assert {path.name for path in kept.iterdir()} == {"report.html", "report.json", "report.md"}
    report = json.loads((kept / "report.json").read_text())
    assert {target["name"] for target in report["results"]["targets"]} == {"service", "function"}
    assert "cold and warm" in run.summary
    assert "Cost: about $0.0" in run.summary
    built = json.loads(project.objects()[f"builds/{release}.json"])
    attested = {call.line for call in run.calls if call.program == "attest"}
    image, _, digest = built["image"].partition("@")
    assert attested == {
        f"attest  {image} {digest} ",
        "attest reports/function.tar.gz   ",
        "attest models/**/model.*   ",
        f"attest  {image} {digest} reports/sbom.json",
    }
    # What is promoted was verified by its digests, after it had been signed.
    order = [call.line for call in run.calls if call.program in {"attest", "gh"}]
    verified = [line for line in order if line.startswith("gh attestation verify")]
    assert len(verified) == 2
    assert f"oci://{built['image']}" in verified[0]
    assert min(map(order.index, verified)) > max(
        order.index(f"attest  {image} {digest} "), order.index("attest reports/function.tar.gz   ")
    )
    assert any(name.startswith("environments/") for name in project.objects())
    assert "Schedules and issues are on." in run.summary
    assert set(project.google.state.services) == {SERVICE, FUNCTION}
