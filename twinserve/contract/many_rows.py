"""The contract's cases of more than a class of one row: labels, probabilities, many rows.

``suite`` takes them in; they are here for its length.
"""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from twinserve.config.card import Card
from twinserve.config.serving import Serving
from twinserve.contract.calls import Caller
from twinserve.contract.cases import JSON, golden_of_one_request, post, row_of
from twinserve.contract.endpoints import Endpoints
from twinserve.contract.rows import wrong_values
from twinserve.targets.opener import Reply

BOTH = "label,probabilities"


def without_version(answers: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copies of answers to one row each, as they stand among many: each had the model's version."""
    copies = [dict(answer) for answer in answers]
    for copy in copies:
        del copy["model_version"]
    return copies


@pytest.mark.parametrize("words", ["label", "probabilities", BOTH, "", "label&include=label"])
def test_answer_includes_what_is_asked_for(endpoint: Caller, card: Card, words: str) -> None:
    """The class's name, and a probability for each class that add up to 1; or why not, as 422."""
    for golden in card.golden:
        plain = alone(endpoint, golden.features)
        reply = included(endpoint, golden.features, words)
        if words and (card.target is not None or no_probabilities(words, reply)):
            assert reply.status == 422
            assert b"include: " in reply.body
            continue
        answer = json.loads(reply.body)
        assert {name: answer.get(name) for name in plain} == plain
        if "after" in card.steps:
            continue
        asked = {"label", "probabilities"} & set(words.replace("&include=", ",").split(","))
        assert answer.keys() == plain.keys() | asked
        if "label" in asked:
            assert answer["label"] == card.classes[plain["prediction"]]
        if "probabilities" in asked:
            assert list(answer["probabilities"]) == card.classes
            assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_unknown_word_is_refused_and_unknown_parameter_ignored(
    endpoint: Caller, card: Card
) -> None:
    """422 names the words that there are; ``?proba=1`` changes nothing."""
    features = card.golden[0].features
    for query in ("include=labels", "include=label,nope"):
        reply = asked(endpoint, f"/predict?{query}", {"features": features})
        assert reply.status == 422
        if card.target is None:
            assert "known: label, probabilities" in json.loads(reply.body)["detail"]
    ignored = asked(endpoint, "/predict?proba=1", {"features": features})
    assert ignored.body == asked(endpoint, "/predict", {"features": features}).body


def test_instances_are_answered_in_their_order(
    endpoint: Caller, card: Card, serving: Serving
) -> None:
    """Each as if it were asked alone, from last to first too."""
    rows = [golden.features for golden in golden_of_one_request(card, serving)]
    repeated = [golden.features for golden in golden_of_one_request(card, serving, 50)]
    alike = [alone(endpoint, row) for row in rows]
    for given in (rows, rows[::-1], repeated, []):
        answer = json.loads(asked(endpoint, "/predict", {"instances": given}).body)
        expected = [alike[rows.index(row)] for row in given]
        assert answer["model_version"] == card.version
        predictions = answer["predictions"]
        if "after" not in card.steps:
            expected = [whole["prediction"] for whole in expected]
        else:
            expected = without_version(expected)
        assert predictions == almost(expected, card)


def test_instances_include_what_parameters_ask_for(
    endpoint: Caller, card: Card, serving: Serving
) -> None:
    """Each prediction is then an object, with what ``?include=`` gives a row alone."""
    rows = [golden.features for golden in golden_of_one_request(card, serving)]
    body = {"instances": rows, "parameters": {"include": BOTH.split(",")}}
    reply = asked(endpoint, "/predict", body)
    if card.target is not None or no_probabilities(BOTH, reply):
        assert reply.status == 422
        return
    expected = without_version(json.loads(included(endpoint, row, BOTH).body) for row in rows)
    assert json.loads(reply.body)["predictions"] == almost(expected, card)


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"nope": 1}, "#/parameters/nope"),
        ({"include": "label"}, "#/parameters/include"),
        ({"include": ["nope"]}, "#/parameters/include/0"),
        ([], "#/parameters"),
    ],
)
def test_parameters_that_are_not_known_are_refused(
    endpoint: Caller,
    card: Card,
    parameters: Any,  # noqa: ANN401 - any JSON
    place: str,
) -> None:
    """422 points at the place."""
    body = {"instances": [card.golden[0].features], "parameters": parameters}
    problem = json.loads(asked(endpoint, "/predict", body).body)
    assert problem["status"] == 422
    assert [error["pointer"] for error in problem["errors"]] == [place]


@pytest.mark.usefixtures("rows")
def test_wrong_instances_are_all_named(endpoint: Caller, card: Card) -> None:
    """One wrong row refuses the request; each place is named, up to a hundred of them."""
    row = row_of(card)
    wrong = [*row[:-1], wrong_values(card.features[-1])[0]]
    reply = asked(endpoint, "/predict", {"instances": [row, wrong, row, [], 7]})
    problem = json.loads(reply.body)
    assert reply.status == 422
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == [f"#/instances/1/{len(row) - 1}", "#/instances/3", "#/instances/4"]
    many = json.loads(asked(endpoint, "/predict", {"instances": [[]] * 101}).body)
    assert len(many["errors"]) == 100


@pytest.mark.parametrize("instances", [None, {}, "rows", 5])
def test_instances_that_are_no_list_are_refused(endpoint: Caller, instances: object) -> None:
    """422, pointing at them."""
    problem = json.loads(asked(endpoint, "/predict", {"instances": instances}).body)
    assert (problem["status"], problem["errors"][0]["pointer"]) == (422, "#/instances")


def test_features_count_where_instances_stand_beside_them(endpoint: Caller, card: Card) -> None:
    """A request for one row ignores other members, this one too."""
    features = card.golden[0].features
    both = asked(endpoint, "/predict", {"features": features, "instances": 5})
    assert both.body == asked(endpoint, "/predict", {"features": features}).body


def test_number_of_rows_and_length_have_limits(
    endpoint: Caller, card: Card, serving: Serving
) -> None:
    """More rows are 422, a longer body 413; a body for one row keeps its own limit."""
    rows = json.dumps([card.golden[0].features] * serving.max_rows)
    most = b'{"instances": %b}' % rows.encode()
    if len(most) <= serving.max_batch_bytes:
        reply = post(endpoint, most.ljust(serving.max_batch_bytes))
        assert len(json.loads(reply.body)["predictions"]) == serving.max_rows
        above = json.dumps(card.golden[0].features).encode()
        one_more = most.replace(b"[", b"[" + above + b", ", 1)
        if len(one_more) <= serving.max_batch_bytes:
            reply = post(endpoint, one_more)
            assert reply.status == 422
            assert f"at most {serving.max_rows} rows".encode() in reply.body
    longer = post(endpoint, most.ljust(serving.max_batch_bytes + 1))
    if serving.max_batch_bytes > serving.max_body_bytes:
        assert longer.status == 413
        assert str(serving.max_batch_bytes).encode() in longer.body
        in_chunks = [most[:20], most[20:].ljust(serving.max_batch_bytes - 20)]
        assert endpoint.call("POST", "/predict", [JSON], in_chunks).status in {200, 413}


def test_endpoints_answer_rows_byte_for_byte_alike(
    endpoints: Endpoints, card: Card, serving: Serving
) -> None:
    """Many rows, with and without more, and what is wrong with them."""
    rows = [golden.features for golden in golden_of_one_request(card, serving)]
    bodies: list[object] = [
        {"instances": rows},
        {"instances": rows, "parameters": {"include": ["label"]}},
        {"instances": [*rows, "x"]},
        {"instances": 1},
    ]
    for body in bodies:
        replies = {
            (reply.status, reply.body)
            for name in endpoints.names
            for reply in [asked(endpoints[name], "/predict?include=", body, "twins")]
        }
        assert len(replies) == 1, replies


def almost(expected: Any, card: Card) -> Any:  # noqa: ANN401 - JSON
    """Numbers as they are; ONNX Runtime adds up many rows otherwise than one: to six digits."""
    if isinstance(expected, dict):
        return {name: almost(value, card) for name, value in expected.items()}
    if isinstance(expected, list):
        return [almost(value, card) for value in expected]
    if isinstance(expected, float) and card.runtime == "onnx":
        return pytest.approx(expected, rel=1e-6, abs=1e-6)
    return expected


def asked(endpoint: Caller, path: str, body: object, request_id: str = "rows") -> Reply:
    """Send a body to a path with a query."""
    headers = [JSON, ("X-Request-Id", request_id)]
    return endpoint.call("POST", path, headers, json.dumps(body).encode())


def alone(endpoint: Caller, features: object) -> dict[str, Any]:
    """The plain answer to a row."""
    answer: dict[str, Any] = json.loads(
        asked(endpoint, "/predict?include=", {"features": features}).body
    )
    return answer


def included(endpoint: Caller, features: object, words: str) -> Reply:
    """The answer to a row that includes more."""
    return asked(endpoint, f"/predict?include={words}", {"features": features})


def no_probabilities(words: str, reply: Reply) -> bool:
    """Whether a model that tells a class alone says so."""
    return "probabilities" in words and b"it has no probabilities" in reply.body
