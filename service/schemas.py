"""What the contract's requests and answers are made of, as JSON Schema, from the model card."""

import inspect
from typing import TYPE_CHECKING, Any, get_type_hints, is_typeddict

from pydantic import TypeAdapter

from twinserve.config.card import Card, Feature
from twinserve.inference.contract import FLOAT32_MAX

if TYPE_CHECKING:
    from twinserve.inference.steps import Steps


def schemas_of(card: Card) -> dict[str, Any]:
    """A request, its answer, the card and a refusal, by name."""
    width = len(card.features)
    text = {"type": "string"}
    return {
        "Features": {
            "type": "object",
            "required": ["features"],
            "properties": {
                "features": {
                    "type": "array",
                    "description": "In this order: "
                    + ", ".join(_described(feature) for feature in card.features)
                    + ".",
                    "minItems": width,
                    "maxItems": width,
                    "items": {"type": "number", "minimum": -FLOAT32_MAX, "maximum": FLOAT32_MAX},
                }
            },
        },
        "Prediction": {
            "type": "object",
            "required": ["prediction", "model_version"],
            "properties": {
                "prediction": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": len(card.classes) - 1,
                    "description": ", ".join(
                        f"{number}: {name}" for number, name in enumerate(card.classes)
                    ),
                },
                "model_version": {"type": "string", "const": card.version},
            },
        },
        "Card": {
            "type": "object",
            "description": "What was trained, on what, how well, and what was proven of it.",
            "required": [name for name in Card._fields if name != "steps"],
            "properties": {
                "release": {
                    "type": "object",
                    "description": "Of a deployed endpoint: the release that it is.",
                    "additionalProperties": text,
                }
            },
        },
        "Problem": {
            "type": "object",
            "description": "RFC 9457 problem details.",
            "required": ["type", "title", "status", "detail", "request_id"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference"},
                "title": text,
                "status": {"type": "integer"},
                "detail": text | {"description": "What is wrong and what to send instead."},
                "request_id": text,
                "errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["pointer", "detail"],
                        "properties": {"pointer": text, "detail": text},
                    },
                },
            },
        },
    }


def schemas_of_steps(steps: "Steps") -> dict[str, Any]:
    """A request's row and the answer as the user's own steps have them."""
    schemas: dict[str, Any] = {}
    if steps.row_type is not None:
        width = len(steps.fields)
        schemas["Features"] = {
            "type": "object",
            "required": ["features"],
            "properties": {
                "features": {
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
            },
        }
    if steps.answer_type is not None:
        schemas["Prediction"] = _inline(steps.answer_type)
    elif steps.after is not None:
        schemas["Prediction"] = {"type": "object"}
    return schemas


def _described(feature: Feature) -> str:
    unit = f" in {feature.unit}" if feature.unit else ""
    return f"{feature.name}{unit} (seen: {feature.minimum:g} to {feature.maximum:g})"


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
