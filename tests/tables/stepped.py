"""A step that makes the model's features of the penguins' table, of several types."""

STEPS = """
from typing import NotRequired, TypedDict


class Row(TypedDict):
    island: str
    bill_length_mm: NotRequired[float]
    body_mass_g: NotRequired[float]
    sex: NotRequired[str]


def before(row: Row):
    mass = row.get("body_mass_g")
    return {
        "island": row["island"].lower(),
        "bill": row.get("bill_length_mm"),
        "heavy": None if mass is None else mass > 4500,
        "female": row.get("sex") == "FEMALE",
    }
"""
GIVEN = [
    {"name": "island", "type": "category", "values": ["biscoe", "dream", "torgersen"]},
    {"name": "bill", "missing": True},
    {"name": "heavy", "type": "boolean", "missing": True},
    {"name": "female", "type": "boolean"},
]
