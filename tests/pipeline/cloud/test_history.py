"""A history in the project's bucket, through the real gcloud."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.google import Fault, permission_denied
from tests.google.api import timestamp
from tests.google.buckets import Bucket
from tests.google.state import PROJECT, TOKEN
from tests.measure.fakes import card, results
from tests.measure.history.synthetic import measurement, names
from tests.measure.history.test_challenges import challenge
from tests.pipeline.releases.project import BUCKET, DEPLOYER, RENEWER, Project
from twinserve.config.errors import UserError
from twinserve.delivery.names import data_bucket
from twinserve.delivery.probe.history import challenges_for
from twinserve.measure.history.places import open_history
from twinserve.measure.run.report import write_report
from twinserve.measure.run.results import Origin
from twinserve.targets.google.gcloud import Gcloud
from twinserve.targets.google.storage import delete_object


def test_measurement_of_what_is_deployed_is_kept_in_the_bucket(project: Project) -> None:
    """`history --deployed --append` after a probe: an object below history/, and the page."""
    measured = results()
    origin = Origin("deployed", "0" * 40, "v1.0-cdcdcdcdcdcd")
    deployed = replace(measured, subject=replace(measured.subject, origin=origin))
    write_report(deployed, card(), [], project.tree / "reports")
    done = project.run("history", "--deployed", "--append")
    name = "history/20240229T123456Z-000000000000-deployed.json"
    assert f"kept: gs://{BUCKET}/{name}" in done.stdout
    assert json.loads(project.objects()[name])["release"] == "v1.0-cdcdcdcdcdcd"
    assert (project.tree / "reports" / "history" / "index.html").exists()


def test_bucket_loses_nothing_to_those_who_append_at_once(project: Project) -> None:
    """Two of the same moment and commit: the second finds its name taken, and takes another."""
    assert not project.objects()
    history = open_history(f"gs://{BUCKET}/history", lambda: Gcloud(PROJECT))
    assert history.read() == []
    first = measurement(number=1)
    both = [first, first.model_copy(update={"load_before": 7.0})]
    with ThreadPoolExecutor(2) as pool:
        where = set(pool.map(history.append, both))
    stem = f"gs://{BUCKET}/history/{first.name}"
    assert where == {f"{stem}.json", f"{stem}-2.json"}
    assert names(history.read()) == names(both)
    assert {kept.load_before for kept in history.read()} == {0.5, 7.0}


@pytest.mark.nightly
def test_renewal_adds_a_model_that_lost_and_the_page_draws_it(project: Project) -> None:
    """As its own account, which may add to DVC's bucket alone; read as the deployer."""
    state = project.google.state
    bucket = data_bucket(PROJECT)
    state.buckets[bucket] = Bucket(bucket, {"timeCreated": timestamp()})
    state.callers[TOKEN] = f"serviceAccount:{RENEWER}"
    kept = challenges_for(project.cloud().params, deployed=True, project=PROJECT)
    where = kept.append(challenge())
    assert where == f"gs://{bucket}/history/challenges/{challenge().name}.json"
    with pytest.raises(UserError, match=r"storage\.objects\.delete"):
        delete_object(Gcloud(PROJECT), where, generation="1")
    with pytest.raises(UserError, match=r"storage\.objects\.(create|get)"):
        open_history(f"gs://{BUCKET}/history", lambda: Gcloud(PROJECT)).append(measurement())
    state.callers[TOKEN] = f"serviceAccount:{DEPLOYER}"
    project.run("history", "--deployed")
    page = (project.tree / "reports/history/index.html").read_text()
    assert "Fresh rows that did not come in" in page


def test_refusal_is_told(project: Project) -> None:
    """Whatever is not a name that is taken ends in a line."""
    history = open_history(f"gs://{BUCKET}/history", lambda: Gcloud(PROJECT))
    denied = permission_denied("storage.objects.create")
    fault = Fault(r"POST storage.googleapis.com/.*upload/", denied, times=0)
    with project.google.fault(fault), pytest.raises(UserError, match="gcloud storage cp"):
        history.append(measurement())
