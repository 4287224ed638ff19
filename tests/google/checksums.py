"""CRC-32C (Castagnoli, RFC 3720 appendix B.4), which clients of Cloud Storage check."""

import base64
import hashlib
from functools import lru_cache

POLYNOMIAL = 0x82F63B78


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901 - shifts on
        table.append(value)
    return table


TABLE = _table()


@lru_cache(maxsize=256)
def crc32c(content: bytes) -> str:
    """As the API writes it: base64 of the big-endian sum."""
    value = 0xFFFFFFFF
    for byte in content:
        value = TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return base64.b64encode((value ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


def md5(content: bytes) -> str:
    """As the API writes it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
