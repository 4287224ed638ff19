"""The steps in front of a model as C."""

from collections.abc import Sequence

import numpy as np

from twinserve.training.served.columns import Codes, Column, Lookup
from twinserve.training.served.writing.literals import exact, lines

_COLUMNS = """\
/* The steps in front of the model, each operation rounded as scikit-learn rounds it. */
static inline void inputs_of{part}(const double *row, double *inputs) {{
{assignments}
}}

"""

# What a request's code of a category is in a table: unknown and gap stand behind all others.
CODE = """\
static inline int code_of(const double code, const int known) {
    if (code != code) return known + 1;
    return code >= 0 && code < known ? (int)code : known;
}

"""

LOOK_UP = """\
static inline double found_in(const double number, const double (*table)[2], const int count,
                              const double otherwise, const double gap) {
    if (number != number) return gap;
    for (int i = 0; i < count; i++) if (number == table[i][0]) return table[i][1];
    return otherwise;
}

"""

_PLAIN = {
    "fill": "    if (x{place} != x{place}) x{place} = {0};",
    "replace": "    if (x{place} == {0}) x{place} = {1};",
    "is gap": "    x{place} = x{place} != x{place};",
    "is": "    x{place} = x{place} == {0};",
    # Not a number stays what it is.
    "over": "    x{place} = x{place} > {0};",
    "abs": "    x{place} = __builtin_fabs(x{place});",
    "square": "    x{place} = x{place} * x{place};",
    "sqrt": "    x{place} = __builtin_sqrt(x{place});",
    # As numpy.clip has it; not a number stays what it is.
    "max": "    if (x{place} < {0}) x{place} = {0};",
    "min": "    if (x{place} > {0}) x{place} = {0};",
}


def write_columns(columns: Sequence[Column], part: str) -> str:
    """A function that makes the model's inputs of a row."""
    tables: list[str] = []
    coded = _by_source(columns)
    assignments = []
    for source, places in coded.items():
        name, known = f"codes{part}_{source}", len(_codes(columns[places[0]]).values)
        tables.append(_codes_table(name, [_codes(columns[place]) for place in places]))
        assignments.append(
            f"    const double *c{source} = {name}[code_of(row[{source}], {known})];"
        )
    within = {place: at for places in coded.values() for at, place in enumerate(places)}
    for place, column in enumerate(columns):
        if place in within:
            assignments.append(f"    inputs[{place}] = c{column.source}[{within[place]}];")
            continue
        assignments.append(f"    double x{place} = row[{column.source}];")
        for number, operation in enumerate(column.operations):
            if isinstance(operation, Lookup):
                name = f"found{part}_{place}_{number}"
                assignments.append(_looked_up(name, place, operation, tables))
            elif not isinstance(operation, Codes):
                assignments.append(_operated(place, *operation))
        assignments.append(f"    inputs[{place}] = x{place};")
    return "".join(tables) + _COLUMNS.format(part=part, assignments="\n".join(assignments))


def _by_source(columns: Sequence[Column]) -> dict[int, list[int]]:
    """Places of the columns that are made of codes, by the request's column."""
    places: dict[int, list[int]] = {}
    for place, column in enumerate(columns):
        if column.operations and isinstance(column.operations[0], Codes):
            places.setdefault(column.source, []).append(place)
    return places


def _codes(column: Column) -> Codes:
    (codes,) = column.operations
    assert isinstance(codes, Codes)  # noqa: S101 - as `_by_source` has found
    return codes


def _codes_table(name: str, of: Sequence[Codes]) -> str:
    """A row for each code, one for what is unknown and one for a gap; a column for each input."""
    cells = np.array([[*codes.values, codes.unknown, codes.gap] for codes in of]).T
    rows = ["{" + lines(map(exact, row)) + "}" for row in cells.tolist()]
    return f"static const double {name}[][{len(of)}] = {{\n" + ",\n".join(rows) + "\n};\n"


def _looked_up(name: str, place: int, table: Lookup, tables: list[str]) -> str:
    pairs = list(zip(table.keys, table.values, strict=True))
    if len(pairs) == 1:
        ((key, value),) = pairs
        chosen = f"x{place} == {exact(key)} ? {exact(value)} : {exact(table.otherwise)}"
        return f"    x{place} = x{place} != x{place} ? {exact(table.gap)} : {chosen};"
    rows = lines(f"{{{exact(key)},{exact(value)}}}" for key, value in pairs) or "{0,0}"
    tables.append(f"static const double {name}[][2] = {{\n{rows}\n}};\n")
    ends = f"{exact(table.otherwise)}, {exact(table.gap)}"
    return f"    x{place} = found_in(x{place}, {name}, {len(pairs)}, {ends});"


def _operated(place: int, operator: str, *operands: float) -> str:
    plain = _PLAIN.get(operator)
    if plain is None:
        return f"    x{place} = x{place} {operator} {exact(operands[0])};"
    return plain.format(*map(exact, operands), place=place)
