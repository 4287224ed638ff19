"""The model compiled ahead of time: a shared object, called by ctypes, no library beside it."""

import ctypes
import math
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from twinserve.config.card import Card
from twinserve.config.errors import UserError

if TYPE_CHECKING:
    from twinserve.inference.runtimes.mixture import CompiledMixture

# ELF: 64 bits, little-endian; then the machine's number and where the table of sections ends.
_ELF = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<18xH20xQ10xHH2x")
_MACHINES = {62: "x86_64", 183: "aarch64"}
# What `model_margins` says of the outputs: probabilities are 0, log-odds or a softmax's 1, each
# class against the rest 2, labels alone 3; a regression's number 4, 5 where it is `exp` of it.
ONE_VS_REST, NUMBER, EXPONENTIAL, MIXTURE = 2, 4, 5, 6


class CompiledModel:
    """Functions of the object that write to memory of their caller's only: any thread may call."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._width = _constant(library, "features")
        self._outputs = _constant(library, "outputs")
        self._kind = _constant(library, "margins")
        self._softness = ctypes.c_double.in_dll(library, "model_softness").value
        self._pack = struct.Struct(f"{self._width}d").pack
        # A bytes object is passed as the address of its content; nothing is copied.
        self._predict = library.model_predict
        self._predict.argtypes = (ctypes.c_char_p,)
        self._predict.restype = ctypes.c_int32
        self._score = library.model_score
        self._score.argtypes = (ctypes.c_char_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
        self._score.restype = None

    def predict(self, features: Sequence[float]) -> int:
        """See ``twinserve.inference.model.Model``."""
        label: int = self._predict(self._pack(*features))
        return label

    def predict_many(self, rows: Sequence[Sequence[float]]) -> list[int]:
        """See ``twinserve.inference.model.Model``."""
        return self._scored(rows)[0]

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        labels, outputs = self._scored(rows)
        by_row = _by_row(outputs, self._outputs)
        return labels, [probabilities(self._kind, self._softness, row) for row in by_row]

    def _scored(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], Iterable[float]]:
        """Labels, and the outputs of all rows after one another."""
        count = len(rows)
        labels = (ctypes.c_int32 * count)()
        outputs = (ctypes.c_double * (count * self._outputs))()
        packed = struct.pack(f"{count * self._width}d", *chain.from_iterable(rows))
        self._score(packed, count, outputs, labels)
        return list(labels), outputs


class CompiledNumber:
    """The compiled model of a regression; the outputs of a mixture come from here too."""

    def __init__(self, library: ctypes.CDLL, kind: int) -> None:
        self._width = _constant(library, "features")
        self._outputs = _constant(library, "outputs")
        self._numbers = library.model_numbers
        self._numbers.argtypes = (ctypes.c_char_p, ctypes.c_int64, ctypes.c_void_p)
        self._numbers.restype = None
        self._kind = kind

    def predict(self, features: Sequence[float]) -> float:
        """See ``twinserve.inference.model.Model``."""
        return self.scores((features,))[0][0]

    def predict_many(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """See ``twinserve.inference.model.Model``."""
        return self.scores(rows)[0]

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[float], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        numbers = [probabilities(self._kind, 1.0, output) for output in self.outputs(rows)]
        return [number for (number,) in numbers], numbers

    def outputs(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """What the object gives to each row."""
        count = len(rows)
        outputs = (ctypes.c_double * (count * self._outputs))()
        packed = struct.pack(f"{count * self._width}d", *chain.from_iterable(rows))
        self._numbers(packed, count, outputs)
        return list(_by_row(outputs, self._outputs))


def probabilities(kind: int, softness: float, outputs: list[float]) -> list[float]:
    """Probabilities of the classes from a row's outputs; the number where it is a regression.

    There are none where the outputs tell labels only.
    """
    match kind:
        case 0 | 4:
            return outputs
        case 3:
            return []
        case 5:
            return [_exponential(outputs[0])]
    if len(outputs) == 1:
        share = _logistic(outputs[0])
        return [1.0 - share, share]
    if kind == ONE_VS_REST:
        shares = [_logistic(output) for output in outputs]
        total = sum(shares)
        # Where no class is likely at all, each is as likely as another.
        return [part / total for part in shares] if total else [1 / len(shares)] * len(shares)
    softened = [output / softness for output in outputs]
    highest = max(softened)
    exponentials = [math.exp(margin - highest) for margin in softened]
    total = sum(exponentials)
    return [exponential / total for exponential in exponentials]


def _exponential(number: float) -> float:
    """``exp`` of Python's own C library, infinite where that is beyond a float."""
    try:
        return math.exp(number)
    except OverflowError:
        return math.inf


def _logistic(margin: float) -> float:
    """The logistic function, in the form whose exponential cannot overflow."""
    exponential = math.exp(-abs(margin))
    return (1.0 if margin >= 0 else exponential) / (1.0 + exponential)


def _by_row(outputs: Iterable[float], width: int) -> Iterator[list[float]]:
    numbers = list(outputs)
    return (numbers[at : at + width] for at in range(0, len(numbers), width))


def _model(library: ctypes.CDLL) -> "CompiledModel | CompiledNumber | CompiledMixture":
    kind = _constant(library, "margins")
    if kind == MIXTURE:
        # Not imported, nor in a cold start, where there is no mixture.
        from twinserve.inference.runtimes.mixture import CompiledMixture

        text = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(library, "model_mixture")))
        return CompiledMixture(text, CompiledNumber(library, NUMBER).outputs, probabilities)
    if kind in {NUMBER, EXPONENTIAL}:
        return CompiledNumber(library, kind)
    return CompiledModel(library)


def load(artifact: bytes, card: Card) -> "CompiledModel | CompiledNumber | CompiledMixture":
    """Open the object, from memory.

    Raises:
        UserError: it is cut short, for another machine or no such object, or does not fit the card.
    """
    if sys.platform == "linux":
        _check_header(artifact, card.served)
    try:
        library = _open(artifact)
        width = _constant(library, "features")
        model = _model(library)
        classes = _constant(library, "classes")
    except (OSError, AttributeError, ValueError) as error:
        raise UserError(f"{card.served}: the linker cannot load it: {error}") from None
    for number, named, noun in (
        (width, len(card.features), "features"),
        (classes, len(card.classes), "classes"),
    ):
        if number != named:
            raise UserError(
                f"{card.served} {'takes' if noun == 'features' else 'knows'} {number} {noun}, "
                f"the model card names {named}"
            )
    return model


def _check_header(artifact: bytes, name: str) -> None:
    # The linker maps what a header promises; of a file that was cut short, the first touch of the
    # missing part would kill the process.
    if len(artifact) < _HEADER.size or not artifact.startswith(_ELF):
        raise UserError(f"{name}: the linker cannot load it: not a 64-bit ELF object")
    number, table, size, count = _HEADER.unpack_from(artifact)
    machine, here = _MACHINES.get(number, f"machine {number}"), os.uname().machine
    if machine != here:
        raise UserError(
            f"{name}: the linker cannot load it: it is compiled for {machine}, this machine is "
            f"{here}; params.yaml: serving.compile.machine says which"
        )
    if table + size * count > len(artifact):
        raise UserError(f"{name}: the linker cannot load it: it is cut short")


def _open(artifact: bytes) -> ctypes.CDLL:
    """Open these very bytes: the linker takes a path, whose content may change meanwhile."""
    try:
        # Never closed: the linker knows an object by its path, and would give this one again for
        # another under the same number.
        descriptor = os.memfd_create("model.so", os.MFD_CLOEXEC)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(artifact)
    except (AttributeError, OSError):
        return _open_from_folder(artifact)
    path = f"/proc/self/fd/{descriptor}"
    if not Path(path).exists():
        # /proc is not mounted, or not for this process.
        os.close(descriptor)
        return _open_from_folder(artifact)
    return ctypes.CDLL(path)


def _open_from_folder(artifact: bytes) -> ctypes.CDLL:
    """Where a file in memory cannot be had or named: from a folder that nobody else may enter."""
    import tempfile

    with tempfile.TemporaryDirectory() as private:
        path = Path(private, "model.so")
        path.write_bytes(artifact)
        return ctypes.CDLL(str(path))


def _constant(library: ctypes.CDLL, name: str) -> int:
    return ctypes.c_int32.in_dll(library, f"model_{name}").value
