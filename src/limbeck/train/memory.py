"""Keep freed memory in the process while it trains.

A training step frees and asks again for the same gigabyte of activations. glibc gives large blocks back to the system
at once and gets them back zeroed, page by page: on a virtual machine that costs more than the arithmetic (an attention
over 8 texts of 256 tokens: 3.3 s with glibc's defaults, 0.1 s with these).
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX, _TOP_PAD = -1, -4, -2  # names of mallopt's parameters in malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell glibc to serve large blocks from its heap and to keep what is freed; False where there is no glibc."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST), (_TOP_PAD, 64 * 1024 * 1024))
    return all(mallopt(name, value) == 1 for name, value in settings)
