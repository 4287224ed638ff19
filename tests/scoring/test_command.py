"""``twinserve score`` as a user gives it."""

import json
from pathlib import Path

import pytest

from tests.scoring.conftest import HEADER
from twinserve.__main__ import main
from twinserve.config.errors import UserError
from twinserve.scoring import command
from twinserve.scoring.files import Summary
from twinserve.scoring.timing import Stages


def refused(*words: object) -> str:
    with pytest.raises(UserError) as raised:
        main(["score", *map(str, words)])
    return str(raised.value)


def test_file_is_scored_by_the_bundle_of_the_project(
    dist: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any option; the command tells rows, rate and what the time went to."""
    assert dist.is_dir()
    target = source.with_name("out.csv")
    main(["score", str(source), str(target)])
    told = capsys.readouterr().out
    assert f"{target}  300 rows in " in told
    assert all(f"{stage} 0." in told for stage in ("parse", "check", "predict", "format"))
    assert len(target.read_text().splitlines()) == 301


def test_summary_may_be_json(source: Path, dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs; marked rows are counted."""
    source.write_text(source.read_text() + "1,2,3,x\n")
    words = ["--on-error", "mark", "--json", "--include", "probabilities,label"]
    main(["score", str(source), str(source.with_name("out.csv")), *words])
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows"], summary["wrong"], summary["resumed"]) == (301, 1, 0)
    names = source.with_name("out.csv").read_text().splitlines()[0].removeprefix(f"{HEADER},")
    shares = "probability_setosa,probability_versicolor,probability_virginica"
    assert names == f"prediction,label,{shares},error"
    assert dist.is_dir()


@pytest.mark.parametrize(
    ("names", "refusal"),
    [
        (("in.xlsx", "out.csv"), "in.xlsx: expected a name that ends in .csv, "),
        (("in.csv", "out.parquet"), "out.parquet: expected the kind of "),
        (("in.csv", "out.csv.gz"), "out.csv.gz: results are not compressed"),
        (("in.csv", "in.csv"), "in.csv: expected another file than the one that is scored"),
        (("none.csv", "out.csv"), "none.csv: No such file or directory; expected a file to score"),
        (("in.csv", "no/out.csv"), "no/out.csv: cannot be written: No such file or directory"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    dist: Path, source: Path, names: tuple[str, str], refusal: str
) -> None:
    """In one line, before anything is written."""
    assert dist.is_dir()
    assert refusal in refused(*(source.parent / name for name in names))
    assert [path.name for path in source.parent.iterdir()] == ["in.csv"]


def test_unknown_word_to_include_is_refused_with_the_known(source: Path, dist: Path) -> None:
    """As the endpoints do."""
    assert dist.is_dir()
    refusal = refused(source, source.with_name("out.csv"), "--include", "label,proba")
    assert refusal == "--include: 'proba' is not known; known: label, probabilities"


def test_resumed_and_wrong_rows_are_told(tmp_path: Path) -> None:
    """What an earlier run did is not counted into the rate."""
    summary = Summary(300, 2, 100, 2.0, Stages(parse=1.0, predict=2.0), 4)
    assert command.told(tmp_path, summary) == [
        f"{tmp_path}  300 rows in 2.00 s: 100 rows/s, processes: 4",
        "  100 of them an earlier run had scored",
        "  2 wrong rows have their reason in the column error",
        "  processor time: predict 2.00 s, parse 1.00 s",
    ]
