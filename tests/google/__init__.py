"""A fake of Google's APIs, for the real gcloud."""

from tests.google.api import ApiError
from tests.google.fake import FakeGoogle
from tests.google.faults import (
    Fault,
    StartFault,
    permission_denied,
    quota_exceeded,
    service_disabled,
    unauthenticated,
)
from tests.google.instances import Instances
from tests.google.state import PROJECT, PROJECT_NUMBER, REGION, REGISTRY

__all__ = [
    "PROJECT",
    "PROJECT_NUMBER",
    "REGION",
    "REGISTRY",
    "ApiError",
    "FakeGoogle",
    "Fault",
    "Instances",
    "StartFault",
    "permission_denied",
    "quota_exceeded",
    "service_disabled",
    "unauthenticated",
]
