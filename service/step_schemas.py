"""What the user's own steps make of a request's row and of the answer, as JSON Schema.

Bundled with such code alone.
"""

import inspect
from typing import TYPE_CHECKING, Any, get_type_hints, is_typeddict

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from twinserve.inference.steps import Steps


def schemas_of_steps(steps: "Steps") -> dict[str, Any]:
    """A request's row and the answer as the user's own steps have them."""
    schemas: dict[str, Any] = {}
    if steps.row_type is not None:
        width = len(steps.fields)
        schemas["Row"] = {
            "anyOf": [
                _inline(steps.row_type),
                {
                    "type": "array",
                    "description": f"In this order: {', '.join(steps.fields)}.",
                    "minItems": width,
                    "maxItems": width,
                },
            ]
        }
    if steps.answer_type is not None:
        schemas["Prediction"] = _inline(steps.answer_type)
    elif steps.after is not None:
        schemas["Prediction"] = {"type": "object"}
    if steps.after is not None:
        schemas["IncludedPrediction"] = {"type": "object"}
    return schemas


def _inline(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type
    """The JSON Schema of a type; of a TypedDict by hand, which pydantic takes from 3.12 on only."""
    if not is_typeddict(kind):
        return TypeAdapter(kind).json_schema()
    return {
        "type": "object",
        "description": inspect.getdoc(kind) or "",
        "required": sorted(kind.__required_keys__),
        "properties": {name: _inline(one) for name, one in get_type_hints(kind).items()},
    }
