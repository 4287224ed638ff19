"""What the contract's requests and answers are made of, as JSON Schema, from the model card."""

import json
from typing import Any

from twinserve.config.card import OPTIONAL, Card, Feature
from twinserve.inference.contract import FLOAT32_MAX

ROW = "#/components/schemas/Row"
INCLUDED = "#/components/schemas/IncludedPrediction"


def schemas_of(card: Card, most_rows: int) -> dict[str, Any]:
    """Requests, their answers, the card and a refusal, by name."""
    text = {"type": "string"}
    version = {"type": "string", "const": card.version}
    return {
        "Row": {"anyOf": [_listed(card), _by_name(card)]},
        "Features": {
            "type": "object",
            "required": ["features"],
            "properties": {"features": {"$ref": ROW}},
        },
        "Instances": _instances(card, most_rows),
        "Prediction": {
            "type": "object",
            "required": ["prediction", "model_version"],
            "properties": {
                "prediction": _answer(card),
                "model_version": version,
                **_included(card),
            },
        },
        "IncludedPrediction": {
            "type": "object",
            "description": "Of one of many rows, where more than the prediction is asked for.",
            "required": ["prediction"],
            "properties": {"prediction": _answer(card), **_included(card)},
        },
        "Predictions": {
            "type": "object",
            "required": ["predictions", "model_version"],
            "properties": {
                "predictions": {
                    "type": "array",
                    "description": "Of each row, in their order.",
                    "items": {"anyOf": [_answer(card), {"$ref": INCLUDED}]},
                },
                "model_version": version,
            },
        },
        "Card": {
            "type": "object",
            "description": "What was trained, on what, how well, and what was proven of it.",
            "required": [name for name in Card._fields if name not in OPTIONAL],
            "properties": {
                **_members(card),
                "release": {
                    "type": "object",
                    "description": "Of a deployed endpoint: the release that it is.",
                    "additionalProperties": text,
                },
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


def _members(card: Card) -> dict[str, Any]:
    """The types of the card's members."""
    kinds: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return {
        name: {"type": kinds[type(member)]} for name, member in json.loads(card.to_json()).items()
    }


def words_of(card: Card) -> list[str]:
    """What a request may ask for beside the prediction."""
    return list(_included(card))


def _included(card: Card) -> dict[str, Any]:
    """The members of an answer that a request asks for by name."""
    if card.target is not None:
        return {}
    members: dict[str, Any] = {"label": {"type": "string", "enum": card.classes}}
    if card.with_probabilities:
        members["probabilities"] = {
            "type": "object",
            "description": f"By class: {', '.join(card.classes)}.",
            "additionalProperties": {"type": "number", "minimum": 0},
        }
    return members


def _instances(card: Card, most_rows: int) -> dict[str, Any]:
    words = words_of(card)
    include: dict[str, Any] = {"type": ["array", "null"], "items": {"enum": words}}
    if not words:
        include = {"type": ["array", "null"], "maxItems": 0}
    return {
        "type": "object",
        "description": "Many rows, as Vertex AI sends them.",
        "required": ["instances"],
        "properties": {
            "instances": {"type": "array", "maxItems": most_rows, "items": {"$ref": ROW}},
            "parameters": {
                "type": ["object", "null"],
                "properties": {"include": include},
                "additionalProperties": False,
            },
        },
        # A body that has both asks for one row.
        "not": {"required": ["features"], "properties": {"features": {}}},
    }


def _listed(card: Card) -> dict[str, Any]:
    width = len(card.features)
    items: dict[str, Any] = {"items": _value(card.features[0])}
    if not card.plain:
        # Each place has a type of its own.
        items = {"prefixItems": [_value(feature) for feature in card.features]}
    return {
        "type": "array",
        "description": "In this order: "
        + ", ".join(_described(feature) for feature in card.features)
        + ".",
        "minItems": width,
        "maxItems": width,
        **items,
    }


def _by_name(card: Card) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [feature.name for feature in card.features if not feature.missing],
        "properties": {
            feature.name: {"description": _described(feature), **_value(feature)}
            for feature in card.features
        },
        "additionalProperties": False,
    }


def _value(feature: Feature) -> dict[str, Any]:
    """One value, or null where a gap is allowed."""
    whole = feature.type == "category" and not isinstance(feature.values[0], str)
    if feature.type == "category" and not feature.unknown:
        gap = [None] if feature.missing else []
        return {"enum": [*feature.values, *gap]}
    kind = {"number": "number", "boolean": "boolean"}.get(
        feature.type, "integer" if whole else "string"
    )
    bounds: dict[str, Any] = {}
    if kind in {"number", "integer"}:
        bounds = {"minimum": -FLOAT32_MAX, "maximum": FLOAT32_MAX}
    if feature.type == "category":
        bounds["examples"] = list(feature.values)
    return {"type": [kind, "null"] if feature.missing else kind, **bounds}


def _answer(card: Card) -> dict[str, Any]:
    if card.target is not None:
        return {"type": "number", "description": _described(card.target)}
    return {
        "type": "integer",
        "minimum": 0,
        "maximum": len(card.classes) - 1,
        "description": ", ".join(f"{number}: {name}" for number, name in enumerate(card.classes)),
    }


def _described(feature: Feature) -> str:
    unit = f" in {feature.unit}" if feature.unit else ""
    seen = f"seen: {feature.minimum:g} to {feature.maximum:g}"
    match feature.type:
        case "boolean":
            seen = "true or false"
        case "category":
            seen = f"one of {', '.join(map(str, feature.values))}"
        case "text":
            seen = "text"
    gap = ", or null" if feature.missing else ""
    return f"{feature.name}{unit} ({seen}{gap})"
