"""From an ensemble of trees to C, and from C to a shared object that needs no library at all."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from config.errors import UserError
from config.variables import tool_environment
from training.ensemble import LEAF, Ensemble

# The compiler keeps what it makes in the tree, and there only while it runs.
SCRATCH = Path(".cache")
_FLAGS = (
    "-shared",
    # No C library, so none that could be too old; nothing but arithmetic is left to differ.
    "-nostdlib",
    "-fPIC",
    "-O2",
    "-std=c11",
    # A sum and a product are rounded each, as scikit-learn does it.
    "-ffp-contract=off",
    "-fno-sanitize=undefined",
    # Names of files and of symbols that nobody asks for would differ or cost.
    "-fvisibility=hidden",
    "-s",
)
# The one that endpoints run on.
SYSTEM = "linux"
_SYSTEMS = {"linux": "linux-gnu.2.17", "darwin": "macos"}
_PER_LINE = 8
# Trees that are gone down at once: on large forests four times as fast as one, on small ones twice.
_TOGETHER = 8

_PROGRAM = """\
#include <stdint.h>

#define PUBLIC __attribute__((visibility("default")))
enum {{ FEATURES = {features}, OUTPUTS = {outputs}, WIDTH = {width} }};
enum {{ TREES = {trees}, TOGETHER = {together} }};
typedef {number} number;

PUBLIC const int32_t model_features = FEATURES;
PUBLIC const int32_t model_classes = {classes};
PUBLIC const int32_t model_outputs = OUTPUTS;
PUBLIC const int32_t model_margins = {margins};

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
static inline void outputs_of(const double *row, double *outputs) {{
    number rounded[FEATURES];
    for (int i = 0; i < FEATURES; i++) rounded[i] = (number)row[i];
    for (int i = 0; i < OUTPUTS; i++) outputs[i] = initial[i];
    int tree = 0;
    for (; tree + TOGETHER <= TREES; tree += TOGETHER) add_trees(rounded, tree, TOGETHER, outputs);
    for (; tree < TREES; tree++) add_trees(rounded, tree, 1, outputs);
    for (int i = 0; i < OUTPUTS; i++) outputs[i] /= {divisor};
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


def write_source(ensemble: Ensemble) -> str:
    """The ensemble as one C file: its nodes as tables, and a loop that goes down each tree."""
    suffix = "f" if ensemble.single else ""
    inner = ensemble.feature != LEAF
    nodes = zip(
        np.where(inner, ensemble.compared, 0.0).tolist(),
        ensemble.feature.tolist(),
        ensemble.following.tolist(),
        strict=True,
    )
    return _PROGRAM.format(
        features=ensemble.features,
        classes=ensemble.classes,
        outputs=len(ensemble.initial),
        width=ensemble.values.shape[1],
        trees=len(ensemble.roots),
        together=_TOGETHER,
        number="float" if ensemble.single else "double",
        margins=int(ensemble.margins),
        nodes=_lines(f"{{{_exact(one)}{suffix},{feature},{to}}}" for one, feature, to in nodes),
        roots=_lines(map(str, ensemble.roots.tolist())),
        values=_lines("{" + ",".join(map(_exact, row)) + "}" for row in ensemble.values.tolist()),
        initial=", ".join(map(_exact, ensemble.initial.tolist())),
        divisor=_exact(ensemble.divisor),
        above=">=" if ensemble.zero_is_one else ">",
    )


def compile_object(source: str, machine: str, system: str = SYSTEM) -> bytes:
    """The shared object for a machine (x86_64, aarch64) and a system (linux, darwin).

    The same bytes wherever it is compiled: the compiler, its flags and its target are given, and
    the file has one name.

    Raises:
        UserError: the compiler refuses; nothing that a user wrote can be the reason.
    """
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH, prefix="zig-") as name:
        folder = Path(name).resolve()
        (folder / "model.c").write_text(source, encoding="ascii")
        command = [sys.executable, "-m", "ziglang", "cc", "-target"]
        command += [f"{machine}-{_SYSTEMS[system]}", "-mcpu=baseline", *_FLAGS]
        done = subprocess.run(
            [*command, "-o", "model.so", "model.c"],
            cwd=folder,
            env=tool_environment()
            | {"ZIG_LOCAL_CACHE_DIR": str(folder), "ZIG_GLOBAL_CACHE_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise UserError(f"zig cc cannot compile the model for {machine}-{system}: {lines[0]}")
        return (folder / "model.so").read_bytes()


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
