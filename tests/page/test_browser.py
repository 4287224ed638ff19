"""The page in a real Chromium, on both targets: typed into, clicked, dropped upon, looked at."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.page.browser import NARROW, WIDE, Visit, chromium, expect, visit
from tests.tables.endpoints import project_of, served
from tests.tables.shapes import as_csv, cars, penguins
from tests.tools import require, run
from twinserve.config.card import load_card
from twinserve.contract.calls import HttpCaller
from twinserve.targets.local import local_target
from twinserve.targets.ready import wait_until_answering

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

pytestmark = pytest.mark.nightly

TARGETS = ("service", "function")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser for all tests."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def urls(dist: Path) -> Iterator[Mapping[str, str]]:
    """Both targets, serving iris."""
    with ExitStack() as stack:
        urls = {}
        for name in TARGETS:
            endpoint = stack.enter_context(local_target(name, dist / name).start())
            wait_until_answering(endpoint)
            urls[name] = f"{endpoint.url}/"
        yield urls


@pytest.fixture(params=TARGETS)
def opened(
    request: pytest.FixtureRequest, browser: "Browser", urls: Mapping[str, str]
) -> Iterator[Visit]:
    """The page of one of them."""
    with visit(browser, urls[request.param]) as page:
        yield page


def records(text: str) -> list[dict[str, str]]:
    """The rows of a CSV text."""
    return list(csv.DictReader(text.splitlines(keepends=True)))


def test_row_is_typed_and_answered_with_the_keyboard_alone(opened: Visit, dist: Path) -> None:
    """From the top: past the links to the form, four numbers, Enter; the class and its share."""
    keys = opened.page.keyboard
    keys.press("Tab")
    keys.press("Enter")
    golden = load_card(dist / "service/model.json").golden[1]
    for number in golden.features:
        keys.press("Tab")
        keys.type(str(number))
    keys.press("Enter")
    expect(opened.page.locator("#answer .said")).to_have_text("versicolor")
    shares = opened.page.locator("#answer .bars li").all_inner_texts()
    assert len(shares) == 3
    assert shares[0].split()[0] == "versicolor"
    total = sum(float(share.split()[-1].rstrip("%")) for share in shares)
    assert total == pytest.approx(100, abs=0.2)


def test_each_example_is_filled_in_and_answered(opened: Visit, dist: Path) -> None:
    """A click fills the form, and its class is the answer."""
    card = load_card(dist / "service/model.json")
    for place, case in enumerate(card.golden):
        opened.page.locator(f"[data-example='{place}']").click()
        expect(opened.page.locator("#answer .said")).to_have_text(card.classes[case.prediction])
        filled = [opened.page.get_by_label(feature.name).input_value() for feature in card.features]
        assert [float(text) for text in filled] == case.features
    answer = json.loads(opened.page.locator("#raw pre").text_content() or "")
    assert answer["label"] == card.classes[-1]
    assert opened.page.locator("#trips rect").count() == len(card.golden)
    for part in ("network and server", "predict", "interpreter", "imports", "model"):
        expect(opened.page.locator("#parts")).to_contain_text(part)


def test_wrong_value_is_said_beside_its_field(opened: Visit) -> None:
    """Nothing is sent, the first such field has the focus; put right, it is not wrong any more."""
    opened.page.locator("[data-example='0']").click()
    expect(opened.page.locator("#answer .said")).to_have_text("setosa")
    before = len(opened.asked)
    opened.field("petal_length").fill("long")
    opened.field("petal_width").fill("")
    opened.page.keyboard.press("Enter")
    assert opened.field("petal_length").wrong == "expected a number, found long"
    assert opened.field("petal_width").wrong == "a value is needed here"
    expect(opened.page.get_by_label("petal_length")).to_be_focused()
    assert len(opened.asked) == before
    assert opened.findings() == []
    opened.field("petal_length").fill("1.5")
    assert opened.field("petal_length").wrong == ""


def test_code_to_copy_gets_the_same_answer(opened: Visit) -> None:
    """What curl, Python and JavaScript print is the answer that the page shows."""
    require("curl")
    page = opened.page
    page.locator("[data-example='2']").click()
    expect(page.locator("#answer .said")).to_have_text("virginica")
    expected = json.loads(page.locator("#raw pre").text_content() or "")
    code = {}
    tab = page.get_by_role("tab", name="curl")
    tab.focus()
    for language in ("curl", "python", "javascript"):
        page.get_by_role("button", name="Copy").click()
        expect(page.locator("#copied")).to_have_text("Copied")
        code[language] = page.evaluate("navigator.clipboard.readText()")
        page.locator("[role=tab][aria-selected=true]").press("ArrowRight")
    commands = (["sh", "-c", code["curl"]], [sys.executable, "-c", code["python"]])
    for command in commands:
        done = run(command, code=0)
        printed = done.stdout.replace("'", '"')
        assert json.loads(printed) == expected
    body = code["javascript"].replace("console.log(await answer.json())", "return answer.json()")
    assert page.evaluate(f"async () => {{ {body} }}") == expected


def test_dropped_table_comes_back_with_predictions(opened: Visit, dist: Path) -> None:
    """Every column of the file in its order, and beside it what the endpoint says of each row."""
    table = (dist.parent / "data/iris.csv").read_text()
    opened.drop("iris.csv", table)
    expect(opened.page.locator("#batch")).to_contain_text("150 of 150 rows predicted")
    expect(opened.page.locator("#batch")).to_contain_text("agree with the file's column species")
    given, came = records(table), records(opened.saved())
    assert [{name: row[name] for name in given[0]} for row in came] == given
    card = load_card(dist / "service/model.json")
    names = [feature.name for feature in card.features]
    asked = json.dumps({"instances": [[float(row[name]) for name in names] for row in given]})
    url = opened.page.url.rstrip("/")
    reply = HttpCaller(url).call(
        "POST", "/predict", [("Content-Type", "application/json")], asked.encode()
    )
    assert [int(row["prediction"]) for row in came] == json.loads(reply.body)["predictions"]
    assert {row["label"] for row in came} == set(card.classes)
    for row in came:
        total = sum(float(row[f"probability_{name}"]) for name in card.classes)
        assert total == pytest.approx(1)
    assert opened.findings() == []


def test_rows_that_do_not_fit_come_back_and_say_why(opened: Visit) -> None:
    """In another order of columns, with semicolons, quotes and CRLF; in more than one request."""
    head = 'petal_width;note;"sepal_width";sepal_length;petal_length\r\n'
    right = '0.2;"a;b ""c""";3.5;5.1;1.4\r\n'
    wrong = "0.2;none;;5.1;far\r\n"
    opened.drop("mixed.csv", "\ufeff" + head + right * 1200 + wrong + right)
    expect(opened.page.locator("#batch")).to_contain_text("1201 of 1202 rows predicted")
    came = list(csv.DictReader(opened.saved().splitlines(keepends=True), delimiter=";"))
    assert [row["label"] for row in came] == ["setosa"] * 1200 + ["", "setosa"]
    assert {row["note"] for row in came} == {'a;b "c"', "none"}
    assert came[1200]["error"] == "sepal_width: a value is needed here"


def test_file_that_is_no_such_table_is_refused(opened: Visit) -> None:
    """One line that says what is missing."""
    for text, why in (
        ("a,b\n1,2\n", "the file has no column sepal_length, sepal_width"),
        ("sepal_length,sepal_width,petal_length,petal_width\n", "and no row"),
    ):
        opened.drop("other.csv", text)
        expect(opened.page.locator("#batch")).to_contain_text(why)
    assert opened.findings() == []


def test_file_is_chosen_with_the_keyboard(opened: Visit, dist: Path) -> None:
    """The browser's own field for it comes after the code, and tells its name."""
    opened.page.locator("#code").focus()
    opened.page.keyboard.press("Tab")
    chooser = opened.page.get_by_label("Drop a CSV file here")
    expect(chooser).to_be_focused()
    chooser.set_input_files(dist.parent / "data/iris.csv")
    expect(opened.page.locator("#batch")).to_contain_text("150 of 150 rows predicted")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_page_is_for_everybody(
    browser: "Browser",
    urls: Mapping[str, str],
    viewport: "ViewportSize",
    *,
    dark: bool,
) -> None:
    """Without a finding of axe, and never wider than the window, before and after an answer."""
    with visit(browser, urls["service"], viewport, dark=dark) as opened:
        assert opened.findings() == []
        opened.page.locator("[data-example='0']").click()
        expect(opened.page.locator("#answer .said")).to_have_text("setosa")
        opened.page.locator("details summary").first.click()
        assert opened.findings() == []
        assert not opened.overflows()


def test_refusal_of_the_server_is_shown(browser: "Browser", urls: Mapping[str, str]) -> None:
    """What the page lets pass and the server does not is told in the server's words."""
    with visit(browser, urls["service"]) as opened:
        opened.page.route(
            "**/predict*",
            lambda route: route.continue_(post_data='{"features": {"sepal_length": 5}}'),
        )
        opened.page.locator("[data-example='0']").click()
        expect(opened.page.locator("#answer")).to_contain_text("Unprocessable Content")
        assert opened.field("petal_width").wrong == "petal_width: is missing"
        # The browser itself tells its console of each refusal.
        assert [error for error in opened.errors if "422" not in error] == []
        opened.errors.clear()


def test_typed_columns_are_asked_for_by_their_types(browser: "Browser", tmp_path: Path) -> None:
    """Categories, an unknown one, gaps; dropped as the table writes them, NA and all."""
    table = penguins()
    project = project_of(tmp_path / "typed", table, {"label": "species", "missing_values": ["NA"]})
    with served(project) as twins, visit(browser, f"{twins.endpoints[1].url}/") as opened:
        opened.page.locator("[data-example='2']").click()
        expect(opened.page.locator("#answer .said")).to_have_text("Gentoo")
        for name, text in {"sex": "", "body_mass_g": "", "island": "Elsewhere"}.items():
            opened.field(name).fill(text)
        opened.page.get_by_role("button", name="Predict").click()
        expect(opened.page.locator("#trips rect")).to_have_count(2)
        code = opened.page.locator("#code").text_content() or ""
        assert '"island":"Elsewhere"' in code
        assert '"body_mass_g":null,"sex":null' in code
        opened.drop("penguins.csv", as_csv(table))
        expect(opened.page.locator("#batch")).to_contain_text("240 of 240 rows predicted")
        assert opened.findings() == []


def test_regression_is_answered_with_a_number(browser: "Browser", tmp_path: Path) -> None:
    """And its place among the table's; a comma for a decimal mark is read as the table's own."""
    table = cars()
    forest = {
        "import_path": "sklearn.ensemble.RandomForestRegressor",
        "arguments": {"n_estimators": 10},
    }
    data: dict[str, object] = {"label": "mpg", "missing_values": ["?"]}
    project = project_of(tmp_path / "number", table, data, estimator=forest)
    with served(project) as twins, visit(browser, f"{twins.endpoints[0].url}/", NARROW) as opened:
        case = twins.project.root / "models/model.json"
        golden = load_card(case).golden[0]
        opened.page.locator("[data-example='0']").click()
        expect(opened.page.locator("#answer .said")).to_have_text(f"{golden.prediction:.6g}")
        expect(opened.page.locator("#answered svg")).to_be_visible()
        place = opened.page.locator("#answered .mark").get_attribute("x1")
        assert 0 < float(place or 0) < 200
        opened.drop("cars.csv", as_csv(table))
        expect(opened.page.locator("#batch")).to_contain_text("240 of 240 rows predicted")
        assert len({row["prediction"] for row in records(opened.saved())}) > 20
        assert opened.findings() == []
        assert not opened.overflows()
