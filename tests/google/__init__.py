"""A fake of Google's APIs."""

from tests.google.fake import FakeGoogle
from tests.google.faults import Fault, StartFault

__all__ = ["FakeGoogle", "Fault", "StartFault"]
