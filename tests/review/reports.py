"""A report as a run would leave it."""

import json
from typing import Any


def sample() -> dict[str, Any]:
    """A row of each kind, as JSON members."""
    return {
        "version": 3,
        "allowed_ratio": 1.1,
        "same_version": "say",
        "reproduction": {"by": "push", "model_sha256": "1" * 64},
        "model": {"base_version": "v1.0", "head_version": "v1.0", "artifacts": ["model.pkl"]},
        "metrics": [{"name": "accuracy", "base": "0.933333", "head": "0.966667"}],
        "params": [{"name": "estimator.arguments.n_estimators", "base": "100", "head": None}],
        "benchmarks": [
            {
                "name": "test_handler.py::test_predict",
                "base_us": 41.5,
                "head_us": 62.25,
                "ratio": {"value": 1.5, "low": 1.45, "high": 1.56},
                "outcome": "broken",
            },
            {
                "name": "test_validation.py::test_valid",
                "base_us": 5.0,
                "head_us": 5.5,
                "ratio": {"value": 1.1, "low": 0.9, "high": 1.3},
                "outcome": "kept",
            },
        ],
        "latency": [
            {
                "target": "service",
                "figure": "cold start, p50",
                "base_ms": 128.0,
                "head_ms": 160.0,
                "ratio": {"value": 1.25, "low": 1.05, "high": 1.45},
                "outcome": "warning",
            },
            {
                "target": "service",
                "figure": "warm latency, p99",
                "base_ms": 1.3,
                "head_ms": 1.25,
                "ratio": None,
                "outcome": "kept",
            },
        ],
        "imports": [
            {
                "target": "service",
                "base_modules": 410,
                "head_modules": 1405,
                "base_ms": 45.5,
                "head_ms": 91.0,
                "ratio": {"value": 2.0, "low": 1.9, "high": 2.1},
                "budget": 1.1,
                "changes": [
                    {
                        "name": "fastapi",
                        "base_ms": None,
                        "head_ms": 20.5,
                        "ratio": None,
                        "weight_ms": 44.0,
                        "importer": "twinserve.inference.endpoint",
                        "root": True,
                    },
                    {
                        "name": "uvicorn",
                        "base_ms": 5.0,
                        "head_ms": 6.5,
                        "ratio": {"value": 1.3, "low": 1.2, "high": 1.4},
                        "weight_ms": 1.5,
                        "importer": None,
                        "root": True,
                    },
                ],
            }
        ],
        "image_bytes": {"base": 390_000_000, "head": 391_500_000},
        "bundle_bytes": {"base": 340_000, "head": 330_000},
    }


def encoded(members: object) -> bytes:
    """As the artifact holds it."""
    return json.dumps(members).encode()
