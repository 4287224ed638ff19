"""A program as one C file: its numbers as tables, and loops that go through them."""

from collections.abc import Iterable, Sequence

import numpy as np

from twinserve.training.served.columns import Column, request_columns
from twinserve.training.served.ensemble import LEAF, Ensemble
from twinserve.training.served.linear import Linear
from twinserve.training.served.program import Program

_PER_LINE = 8
# Trees that are gone down at once: on large forests four times as fast as one, on small ones twice.
_TOGETHER = 8

_HEAD = """\
#include <stdint.h>

#define PUBLIC __attribute__((visibility("default")))
enum {{ FEATURES = {features}, INPUTS = {inputs}, OUTPUTS = {outputs} }};

PUBLIC const int32_t model_features = FEATURES;
PUBLIC const int32_t model_classes = {classes};
PUBLIC const int32_t model_outputs = OUTPUTS;
PUBLIC const int32_t model_margins = {margins};
PUBLIC const double model_softness = {softness};

"""

_COLUMNS = """\
/* The steps in front of the model, each operation rounded as scikit-learn rounds it. */
static inline void inputs_of(const double *row, double *inputs) {{
{assignments}
}}

"""

_TREES = """\
enum {{ WIDTH = {width}, TREES = {trees}, TOGETHER = {together} }};
typedef {number} number;

/* The children of a node are neighbours at `next`; of a leaf it is a row of `values`. */
static const struct {{ number threshold; int32_t feature, next; }} nodes[] = {{
{nodes}
}};
static const int32_t roots[TREES] = {{
{roots}
}};
static const double values[][WIDTH] = {{
{values}
}};
static const double initial[OUTPUTS] = {{ {initial} }};

/* Several trees go down one level at a time, so that the waits for their nodes overlap; whoever has
   come to a leaf stays there. The leaves are added in the order of the trees. */
static inline __attribute__((always_inline)) void add_trees(
    const number *row, const int first, const int count, double *outputs) {{
    int32_t at[TOGETHER];
    for (int i = 0; i < count; i++) at[i] = roots[first + i];
    for (int moving = 1; moving;) {{
        moving = 0;
        for (int i = 0; i < count; i++) {{
            const int32_t feature = nodes[at[i]].feature;
            const number value = row[feature < 0 ? 0 : feature];
            const int32_t child = nodes[at[i]].next + !(value <= nodes[at[i]].threshold);
            at[i] = feature < 0 ? at[i] : child;
            moving |= feature >= 0;
        }}
    }}
    for (int i = 0; i < count; i++) {{
        const double *leaf = values[nodes[at[i]].next];
        for (int k = 0; k < WIDTH; k++)
            outputs[WIDTH == OUTPUTS ? k : (first + i) % OUTPUTS] += leaf[k];
    }}
}}

/* Trees in their order, each sum and the division rounded as scikit-learn rounds them. */
static inline void body_of(const double *inputs, double *outputs) {{
    number rounded[INPUTS];
    for (int i = 0; i < INPUTS; i++) rounded[i] = (number)inputs[i];
    for (int i = 0; i < OUTPUTS; i++) outputs[i] = initial[i];
    int tree = 0;
    for (; tree + TOGETHER <= TREES; tree += TOGETHER) add_trees(rounded, tree, TOGETHER, outputs);
    for (; tree < TREES; tree++) add_trees(rounded, tree, 1, outputs);
    for (int i = 0; i < OUTPUTS; i++) outputs[i] /= {divisor};
}}
"""

_LINEAR = """\
static const double coefficients[OUTPUTS][INPUTS] = {{
{coefficients}
}};
static const double intercepts[OUTPUTS] = {{ {intercepts} }};

static inline void body_of(const double *inputs, double *outputs) {{
    for (int k = 0; k < OUTPUTS; k++) {{
        double sum = 0;
        for (int i = 0; i < INPUTS; i++) sum += inputs[i] * coefficients[k][i];
        outputs[k] = sum + intercepts[k];
    }}
}}
"""

_TAIL = """\

static inline void outputs_of(const double *row, double *outputs) {{
{outputs_of}
}}

static inline int32_t label_of(const double *outputs) {{
    if (OUTPUTS == 1) return outputs[0] {above} 0;
    int32_t best = 0;
    for (int32_t i = 1; i < OUTPUTS; i++) if (outputs[i] > outputs[best]) best = i;
    return best;
}}

PUBLIC int32_t model_predict(const double *row) {{
    double outputs[OUTPUTS];
    outputs_of(row, outputs);
    return label_of(outputs);
}}

PUBLIC void model_score(const double *rows, int64_t count, double *outputs, int32_t *labels) {{
    for (int64_t row = 0; row < count; row++, outputs += OUTPUTS) {{
        outputs_of(rows + row * FEATURES, outputs);
        labels[row] = label_of(outputs);
    }}
}}
"""
_THROUGH = """\
    double inputs[INPUTS];
    inputs_of(row, inputs);
    body_of(inputs, outputs);"""
# Outputs as they are; through the logistic function or softmax; each through the logistic one.
_PROBABILITIES, _MARGINS, _ONE_VS_REST = range(3)


def write_source(program: Program) -> str:
    """The program as one C file."""
    body, columns = program.body, program.columns
    as_they_come = columns == request_columns(program.features)
    if isinstance(body, Ensemble):
        outputs, text = len(body.initial), _trees(body)
        kind = _MARGINS if body.margins else _PROBABILITIES
        softness, above = body.softness, ">=" if body.zero_is_one else ">"
    else:
        outputs, text = len(body.intercepts), _linear(body)
        kind = _ONE_VS_REST if body.one_vs_rest and outputs > 1 else _MARGINS
        softness, above = 1.0, ">"
    head = _HEAD.format(
        features=program.features,
        inputs=len(columns),
        outputs=outputs,
        classes=body.classes,
        margins=kind,
        softness=_exact(softness),
    )
    front = "" if as_they_come else _COLUMNS.format(assignments=_assignments(columns))
    through = "    body_of(row, outputs);" if as_they_come else _THROUGH
    return head + front + text + _TAIL.format(outputs_of=through, above=above)


def _assignments(columns: Sequence[Column]) -> str:
    lines = []
    for place, column in enumerate(columns):
        lines.append(f"    double x{place} = row[{column.source}];")
        for operator, operand in column.operations:
            number = _exact(operand)
            if operator in {"min", "max"}:
                # As numpy.clip has it; nothing here is nan.
                beyond = "<" if operator == "max" else ">"
                lines.append(f"    if (x{place} {beyond} {number}) x{place} = {number};")
            else:
                lines.append(f"    x{place} = x{place} {operator} {number};")
        lines.append(f"    inputs[{place}] = x{place};")
    return "\n".join(lines)


def _linear(linear: Linear) -> str:
    rows = linear.coefficients.tolist()
    return _LINEAR.format(
        coefficients=",\n".join("{" + _lines(map(_exact, row)) + "}" for row in rows),
        intercepts=", ".join(map(_exact, linear.intercepts.tolist())),
    )


def _trees(ensemble: Ensemble) -> str:
    """Nodes as tables, and a loop that goes down each tree."""
    suffix = "f" if ensemble.single else ""
    inner = ensemble.feature != LEAF
    nodes = zip(
        np.where(inner, ensemble.compared, 0.0).tolist(),
        ensemble.feature.tolist(),
        ensemble.following.tolist(),
        strict=True,
    )
    return _TREES.format(
        width=ensemble.values.shape[1],
        trees=len(ensemble.roots),
        together=_TOGETHER,
        number="float" if ensemble.single else "double",
        nodes=_lines(f"{{{_exact(one)}{suffix},{feature},{to}}}" for one, feature, to in nodes),
        roots=_lines(map(str, ensemble.roots.tolist())),
        values=_lines("{" + ",".join(map(_exact, row)) + "}" for row in ensemble.values.tolist()),
        initial=", ".join(map(_exact, ensemble.initial.tolist())),
        divisor=_exact(ensemble.divisor),
    )


def _exact(number: float) -> str:
    """A C literal of the very same double."""
    if np.isinf(number):
        return "-__builtin_inf()" if number < 0 else "__builtin_inf()"
    return number.hex()


def _lines(items: Iterable[str]) -> str:
    """A list as C has it, several on a line."""
    listed = list(items)
    rows = (listed[start : start + _PER_LINE] for start in range(0, len(listed), _PER_LINE))
    return ",\n".join(",".join(row) for row in rows)
