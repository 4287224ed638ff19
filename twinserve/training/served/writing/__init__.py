"""The parts of a program as C."""
