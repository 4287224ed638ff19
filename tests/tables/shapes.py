"""Tables shaped like those that people bring, drawn from a seed: no file of theirs is copied."""

import csv
import io
import random
from collections.abc import Sequence

Rows = tuple[list[str], list[list[str]]]


def penguins(rows: int = 240) -> Rows:
    """Species from island, lengths, mass and sex: texts, and gaps written NA or left empty."""
    draw = random.Random(7)  # noqa: S311 - a table, not a secret
    header = ["species", "island", "bill_length_mm", "flipper_length_mm", "body_mass_g", "sex"]
    kinds = {
        "Adelie": (38.8, 190, 3700, ["Torgersen", "Biscoe", "Dream"]),
        "Chinstrap": (48.8, 196, 3730, ["Dream"]),
        "Gentoo": (47.5, 217, 5070, ["Biscoe"]),
    }
    body = []
    for number in range(rows):
        species = list(kinds)[number % 3]
        bill, flipper, mass, islands = kinds[species]
        cells = [
            species,
            draw.choice(islands),
            f"{draw.gauss(bill, 2.6):.1f}",
            f"{draw.gauss(flipper, 6.5):.0f}",
            f"{draw.gauss(mass, 400):.0f}",
            draw.choice(["MALE", "FEMALE"]),
        ]
        if number % 40 == 5:
            cells[2:5] = ["NA", "NA", "NA"]
        if number % 17 == 3:
            cells[5] = ""
        body.append(cells)
    return header, body


def titanic(rows: int = 300) -> Rows:
    """Who survived: an index without a name, names, yes and no, gaps, a cabin of letters."""
    draw = random.Random(11)  # noqa: S311 - a table, not a secret
    header = ["", "Survived", "Pclass", "Name", "Sex", "Age", "Fare", "Alone", "Embarked"]
    body = []
    for number in range(rows):
        sex, level = draw.choice(["male", "female"]), draw.choice([1, 2, 3])
        lived = draw.random() < (0.85 if sex == "female" else 0.3) - 0.1 * (level - 2)
        body.append(
            [
                str(number),
                str(int(lived)),
                str(level),
                f"Passenger, Mx. No {number}",
                sex,
                "" if number % 5 == 0 else f"{abs(draw.gauss(30, 14)):.1f}",
                f"{draw.lognormvariate(3 - level / 2, 0.8):.4f}",
                draw.choice(["yes", "no"]),
                "" if number % 97 == 0 else draw.choice("SCQ"),
            ]
        )
    return header, body


def cars(rows: int = 240) -> Rows:
    """Miles per gallon, a number to predict: `?` for a gap, a make, a year, a decimal mass."""
    draw = random.Random(13)  # noqa: S311 - a table, not a secret
    header = ["mpg", "cylinders", "horsepower", "weight", "model year", "origin", "größe"]
    body = []
    for number in range(rows):
        cylinders = draw.choice([4, 4, 6, 8])
        power = draw.gauss(25 * cylinders, 12)
        weight = draw.gauss(600 * cylinders + 400, 180)
        origin = draw.choice(["usa", "europe", "japan"])
        mpg = 48 - 0.006 * weight - 0.03 * power + 3 * (origin == "japan") + draw.gauss(0, 1.2)
        body.append(
            [
                f"{mpg:.1f}",
                str(cylinders),
                "?" if number % 60 == 7 else f"{power:.0f}",
                f"{weight:.2f}",
                str(70 + number % 13),
                origin,
                draw.choice(["klein", "groß", 'der "große"']),
            ]
        )
    return header, body


def as_csv(table: Rows, separator: str = ",", ending: str = "\n") -> str:
    """The table as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=ending)
    writer.writerow(table[0])
    writer.writerows(table[1])
    return text.getvalue()


def column(table: Rows, name: str) -> Sequence[str]:
    """The cells of a column."""
    place = table[0].index(name)
    return [row[place] for row in table[1]]
