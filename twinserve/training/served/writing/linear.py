"""Sums of products as C."""

from twinserve.training.served.linear import Linear
from twinserve.training.served.writing.literals import exact, lines

_LINEAR = """\
static const double coefficients{part}[OUTPUTS{part}][INPUTS{part}] = {{
{coefficients}
}};
static const double intercepts{part}[OUTPUTS{part}] = {{ {intercepts} }};

static inline void body_of{part}(const double *inputs, double *outputs) {{
    for (int k = 0; k < OUTPUTS{part}; k++) {{
        double sum = 0;
        for (int i = 0; i < INPUTS{part}; i++) sum += inputs[i] * coefficients{part}[k][i];
        outputs[k] = sum + intercepts{part}[k];
    }}
}}
"""


def write_linear(linear: Linear, part: str) -> str:
    """Tables of coefficients, and a function that adds the products up."""
    rows = linear.coefficients.tolist()
    return _LINEAR.format(
        part=part,
        coefficients=",\n".join("{" + lines(map(exact, row)) + "}" for row in rows),
        intercepts=", ".join(map(exact, linear.intercepts.tolist())),
    )
