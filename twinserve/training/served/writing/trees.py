"""Trees as C: their nodes as tables, and a loop that goes down each tree."""

import numpy as np

from twinserve.training.served.ensemble import LEAF, NUMERIC, Ensemble
from twinserve.training.served.writing.literals import exact, lines

# Trees that are gone down at once: on large forests four times as fast as one, on small ones twice.
_TOGETHER = 8

_TREES = """\
enum {{ WIDTH{part} = {width}, TREES{part} = {trees}, TOGETHER{part} = {together} }};
typedef {number} number{part};

/* The children of a node are neighbours at `next`; of a leaf it is a row of `values`. */
static const struct {{ number{part} threshold; int32_t feature, next{flags}; }} nodes{part}[] = {{
{nodes}
}};
static const int32_t roots{part}[TREES{part}] = {{
{roots}
}};
static const double values{part}[][WIDTH{part}] = {{
{values}
}};
static const double initial{part}[OUTPUTS{part}] = {{ {initial} }};
{sets}
/* Several trees go down one level at a time, so that the waits for their nodes overlap; whoever has
   come to a leaf stays there. The leaves are added in the order of the trees. */
static inline __attribute__((always_inline)) void add_trees{part}(
    const number{part} *row, const int first, const int count, {sum} *outputs) {{
    int32_t at[TOGETHER{part}];
    for (int i = 0; i < count; i++) at[i] = roots{part}[first + i];
    for (int moving = 1; moving;) {{
        moving = 0;
        for (int i = 0; i < count; i++) {{
            const int32_t feature = nodes{part}[at[i]].feature;
            const number{part} value = row[feature < 0 ? 0 : feature];
            const int32_t child = nodes{part}[at[i]].next + {turn};
            at[i] = feature < 0 ? at[i] : child;
            moving |= feature >= 0;
        }}
    }}
    for (int i = 0; i < count; i++) {{
        const double *leaf = values{part}[nodes{part}[at[i]].next];
        for (int k = 0; k < WIDTH{part}; k++)
            outputs[WIDTH{part} == OUTPUTS{part} ? k : (first + i) % OUTPUTS{part}] += {leaf};
    }}
}}

/* Trees in their order, each sum and the division rounded as scikit-learn rounds them. */
static inline void body_of{part}(const double *inputs, double *outputs) {{
    number{part} rounded[INPUTS{part}];
    for (int i = 0; i < INPUTS{part}; i++) rounded[i] = (number{part})inputs[i];
{sums}    int tree = 0;
    for (; tree + TOGETHER{part} <= TREES{part}; tree += TOGETHER{part}) {several}
    for (; tree < TREES{part}; tree++) add_trees{part}(rounded, tree, 1, {into});
{end}
}}
"""
_DOUBLE_SUMS = "    for (int i = 0; i < OUTPUTS{part}; i++) outputs[i] = initial{part}[i];\n"
_DOUBLE_END = "    for (int i = 0; i < OUTPUTS{part}; i++) outputs[i] /= {divisor};"
_SINGLE_SUMS = """\
    float sums[OUTPUTS{part}];
    for (int i = 0; i < OUTPUTS{part}; i++) sums[i] = (float)initial{part}[i];
"""
_SINGLE_END = "    for (int i = 0; i < OUTPUTS{part}; i++) outputs[i] = sums[i];"

# A gap compares with nothing; it goes left where the first flag says so.
_TURN = "!(value <= nodes{part}[at[i]].threshold)"
_TURN_WITH_GAPS = (
    "(value != value ? !(nodes{part}[at[i]].flags & 1) : value > nodes{part}[at[i]].threshold)"
)
_TURN_WITH_SETS = (
    "(value != value ? !(nodes{part}[at[i]].flags & 1)\n"
    "                : nodes{part}[at[i]].flags & 2\n"
    "                ? !within{part}((int32_t)nodes{part}[at[i]].threshold, (double)value)\n"
    "                : value > nodes{part}[at[i]].threshold)"
)
_SETS = """\
/* Categories that go left: of each set its first word and how many there are, a bit a category. */
static const struct {{ int32_t first, count; }} sets{part}[] = {{
{sets}
}};
static const uint32_t words{part}[] = {{
{words}
}};

static inline int within{part}(const int32_t set, const double value) {{
    if (!(value > -1 && value < 32.0 * sets{part}[set].count)) return 0;
    const uint32_t code = (uint32_t)value;
    return words{part}[sets{part}[set].first + (code >> 5)] >> (code & 31) & 1;
}}

"""
_GAP_LEFT, _CATEGORICAL = 1, 2
_WORD_BITS = 32


def write_trees(ensemble: Ensemble, part: str, *, gaps: bool) -> str:
    """Nodes as tables, and a loop that goes down each tree; ``gaps`` if a row may have some."""
    categorical = bool(ensemble.sets)
    turn = _TURN_WITH_SETS if categorical else _TURN_WITH_GAPS if gaps else _TURN
    flagged = categorical or gaps
    single = ensemble.single_sums
    end = _SINGLE_END if single else _DOUBLE_END
    into = "sums" if single else "outputs"
    return _TREES.format(
        part=part,
        width=ensemble.values.shape[1],
        trees=len(ensemble.roots),
        together=_TOGETHER,
        number="float" if ensemble.single else "double",
        flags=", flags" * flagged,
        nodes=lines(_nodes(ensemble, flagged=flagged)),
        roots=lines(map(str, ensemble.roots.tolist())),
        values=lines("{" + ",".join(map(exact, row)) + "}" for row in ensemble.values.tolist()),
        initial=", ".join(map(exact, ensemble.initial.tolist())),
        sets=_sets(ensemble, part) if categorical else "",
        turn=turn.format(part=part),
        sum="float" if single else "double",
        leaf="(float)leaf[k]" if single else "leaf[k]",
        sums=(_SINGLE_SUMS if single else _DOUBLE_SUMS).format(part=part),
        several=f"add_trees{part}(rounded, tree, TOGETHER{part}, {into});",
        into=into,
        end=end.format(part=part, divisor=exact(ensemble.divisor)),
    )


def _nodes(ensemble: Ensemble, *, flagged: bool) -> list[str]:
    suffix = "f" if ensemble.single else ""
    ends = {np.inf: f"__builtin_inf{suffix}()", -np.inf: f"-__builtin_inf{suffix}()"}
    inner = ensemble.feature != LEAF
    sets = ensemble.members != NUMERIC
    compared = np.where(sets, ensemble.members, np.where(inner, ensemble.compared, 0.0))
    flags = _GAP_LEFT * ensemble.gap_left + _CATEGORICAL * sets
    rows = zip(
        [ends.get(value) or exact(value) + suffix for value in compared.tolist()],
        ensemble.feature.tolist(),
        ensemble.following.tolist(),
        flags.tolist(),
        strict=True,
    )
    if flagged:
        return [f"{{{threshold},{feature},{to},{flag}}}" for threshold, feature, to, flag in rows]
    return [f"{{{threshold},{feature},{to}}}" for threshold, feature, to, _ in rows]


def _sets(ensemble: Ensemble, part: str) -> str:
    words: list[int] = []
    places = []
    for codes in ensemble.sets:
        count = (max(codes, default=0) // _WORD_BITS) + 1
        own = [0] * count
        for code in codes:
            own[code // _WORD_BITS] |= 1 << code % _WORD_BITS
        places.append(f"{{{len(words)},{count}}}")
        words += own
    return _SETS.format(
        part=part, sets=lines(places), words=lines(f"0x{word:x}u" for word in words)
    )
