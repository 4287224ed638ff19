"""A program as one C file: its numbers as tables, and loops that go through them."""

import json
from typing import Any

from twinserve.training.served.columns import Codes, Lookup, request_columns
from twinserve.training.served.ensemble import Ensemble
from twinserve.training.served.linear import Linear
from twinserve.training.served.program import Mixture, Program
from twinserve.training.served.writing.columns import CODE, LOOK_UP, write_columns
from twinserve.training.served.writing.linear import write_linear
from twinserve.training.served.writing.literals import exact
from twinserve.training.served.writing.trees import write_trees

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
# What a mixture is made of, as JSON: the runtime puts the answers of its parts together.
_MIXTURE = """\
PUBLIC const char model_mixture[] = {text};

"""
_SIZES = """\
enum {{ INPUTS{part} = {inputs}, OUTPUTS{part} = {outputs} }};

"""
_PART = """\

static inline void outputs_of{part}(const double *row, double *outputs) {{
{outputs_of}
}}

"""
_OUTPUTS_OF = """\

static inline void outputs_of(const double *row, double *outputs) {{
{outputs_of}
}}
"""
_LABEL_OF = """\

static inline int32_t label_of(const double *outputs) {{
    if (OUTPUTS == 1) return outputs[0] {above} {limit};
    int32_t best = 0;
    for (int32_t i = 1; i < OUTPUTS; i++) if (outputs[i] > outputs[best]) best = i;
    return best;
}}
"""
# The largest float32 probability: two margins that are next to each other may come to the same.
_SINGLE_LABEL_OF = """\

static inline double exp_of(const double x) {
    const double turns = (double)(int64_t)(x * 0x1.71547652b82fep+0 - 0.5);
    const double r = (x - turns * 0x1.62e42feep-1) - turns * 0x1.a39ef35793c76p-33;
    double sum = 1;
    for (int i = 14; i; i--) sum = 1 + sum * r / i;
    union { uint64_t bits; double number; } scale = { (uint64_t)(1023 + (int64_t)turns) << 52 };
    return sum * scale.number;
}

static inline int32_t label_of(const double *outputs) {
    double highest = outputs[0], sum = 0;
    float shares[OUTPUTS];
    for (int i = 1; i < OUTPUTS; i++) if (outputs[i] > highest) highest = outputs[i];
    for (int i = 0; i < OUTPUTS; i++) {
        const float apart = (float)outputs[i] - (float)highest;
        shares[i] = apart < -100 ? 0 : (float)exp_of(apart);
        sum += shares[i];
    }
    int32_t best = 0;
    for (int32_t i = 0; i < OUTPUTS; i++) {
        shares[i] /= (float)sum;
        if (shares[i] > shares[best]) best = i;
    }
    return best;
}
"""
_PREDICT = """\

PUBLIC int32_t model_predict(const double *row) {
    double outputs[OUTPUTS];
    outputs_of(row, outputs);
    return label_of(outputs);
}

PUBLIC void model_score(const double *rows, int64_t count, double *outputs, int32_t *labels) {
    for (int64_t row = 0; row < count; row++, outputs += OUTPUTS) {
        outputs_of(rows + row * FEATURES, outputs);
        labels[row] = label_of(outputs);
    }
}
"""
# Of a regression and of a mixture: numbers, of which the runtime makes the answer.
_NUMBERS = """\

PUBLIC double model_number(const double *row) {
    double outputs[OUTPUTS];
    outputs_of(row, outputs);
    return outputs[0];
}

PUBLIC void model_numbers(const double *rows, int64_t count, double *outputs) {
    for (int64_t row = 0; row < count; row++, outputs += OUTPUTS)
        outputs_of(rows + row * FEATURES, outputs);
}
"""
_THROUGH = """\
    double inputs[INPUTS{part}];
    inputs_of{part}(row, inputs);
    body_of{part}(inputs, outputs);"""
# Outputs as they are; through the logistic function or softmax; each through the logistic one; of
# which the largest tells the class; a number as it is; a number through exp; see model_mixture.
_PROBABILITIES, _MARGINS, _ONE_VS_REST, _LABELS, _NUMBER, _EXPONENTIAL, _MIXED = range(7)

Body = Ensemble | Linear


def write_source(program: Program) -> str:
    """The program as one C file."""
    if isinstance(program.body, Mixture):
        return _write_mixture(program, program.body)
    body, columns = program.body, program.columns
    kind = _kind(body)
    head = _HEAD.format(
        features=program.features,
        inputs=len(columns),
        outputs=_outputs(body),
        classes=body.classes,
        margins=kind,
        softness=exact(_softness(body)),
    )
    front = _tools(program) + _front(program, "")
    text = head + front + _text(program, body, "")
    text += _OUTPUTS_OF.format(outputs_of=_through(program, ""))
    if kind in {_NUMBER, _EXPONENTIAL}:
        return text + _NUMBERS
    if isinstance(body, Ensemble) and body.single_sums and _outputs(body) > 1:
        return text + _SINGLE_LABEL_OF + _PREDICT
    above, limit = _tie(body)
    return text + _LABEL_OF.format(above=above, limit=limit) + _PREDICT


def _write_mixture(program: Program, mixture: Mixture) -> str:
    parts = list(_parts(mixture, "_"))
    total = sum(_outputs(member.body) for _, member in parts)
    text = _HEAD.format(
        features=program.features,
        inputs=program.features,
        outputs=total,
        classes=mixture.classes,
        margins=_MIXED,
        softness=exact(1.0),
    )
    described = json.dumps(_described(mixture), separators=(",", ":"))
    text += _MIXTURE.format(text=json.dumps(described)) + _tools(program)
    calls, at = [], 0
    for part, member in parts:
        outputs = _outputs(member.body)
        text += _SIZES.format(part=part, inputs=len(member.columns), outputs=outputs)
        text += _front(member, part) + _text(member, member.body, part)
        text += _PART.format(part=part, outputs_of=_through(member, part))
        calls.append(f"    outputs_of{part}(row, outputs + {at});")
        at += outputs
    return text + _OUTPUTS_OF.format(outputs_of="\n".join(calls)) + _NUMBERS


def _parts(mixture: Mixture, prefix: str) -> Any:  # noqa: ANN401 - pairs of a name and a program
    """The programs that are no mixtures, in their order, each with a suffix of its own."""
    for number, part in enumerate(mixture.parts):
        name = f"{prefix}{number}"
        if isinstance(part.body, Mixture):
            yield from _parts(part.body, f"{name}_")
        else:
            yield name, part


def _described(mixture: Mixture) -> dict[str, Any]:
    parts = []
    for part, places in zip(mixture.parts, mixture.places, strict=True):
        body = part.body
        if isinstance(body, Mixture):
            parts.append({**_described(body), "places": places})
            continue
        above, limit = _tie(body)
        parts.append(
            {
                "kind": _kind(body),
                "outputs": _outputs(body),
                "softness": _softness(body),
                "limit": float.fromhex(limit) if limit != "0" else 0.0,
                "limit_is_one": above == ">=",
                "places": places,
            }
        )
    return {
        "mixture": mixture.kind,
        "weights": mixture.weights,
        "classes": mixture.classes,
        "parts": parts,
    }


def _tools(program: Program) -> str:
    """Functions that the columns of any part need."""
    programs = [program]
    if isinstance(program.body, Mixture):
        programs = [member for _, member in _parts(program.body, "")]
    kinds = {
        type(operation)
        for part in programs
        for column in part.columns
        for operation in column.operations
    }
    return CODE * (Codes in kinds) + LOOK_UP * (Lookup in kinds)


def _front(program: Program, part: str) -> str:
    return "" if _as_they_come(program) else write_columns(program.columns, part)


def _through(program: Program, part: str) -> str:
    if _as_they_come(program):
        return f"    body_of{part}(row, outputs);"
    return _THROUGH.format(part=part)


def _as_they_come(program: Program) -> bool:
    made = [column for column in program.columns if column.operations]
    sources = [column.source for column in program.columns]
    return not made and sources == [column.source for column in request_columns(program.features)]


def _text(program: Program, body: Any, part: str) -> str:  # noqa: ANN401 - a body
    if isinstance(body, Ensemble):
        return write_trees(body, part, gaps=any(column.gaps for column in program.columns))
    return write_linear(body, part)


def _outputs(body: Any) -> int:  # noqa: ANN401 - a body
    return len(body.initial if isinstance(body, Ensemble) else body.intercepts)


def _softness(body: Any) -> float:  # noqa: ANN401 - a body
    return body.softness if isinstance(body, Ensemble) else 1.0


def _kind(body: Any) -> int:  # noqa: ANN401 - a body
    if not body.classes:
        exponential = body.margins if isinstance(body, Ensemble) else body.exponential
        return _EXPONENTIAL if exponential else _NUMBER
    if isinstance(body, Ensemble):
        return _MARGINS if body.margins else _PROBABILITIES
    if body.labels:
        return _LABELS
    return _ONE_VS_REST if body.one_vs_rest and _outputs(body) > 1 else _MARGINS


def _tie(body: Any) -> tuple[str, str]:  # noqa: ANN401 - a body
    """How a single output compares with which number where the class is 1."""
    if not isinstance(body, Ensemble):
        return ">", "0"
    limit = exact(body.class_one) if body.class_one else "0"
    return (">=" if body.zero_is_one else ">"), limit
