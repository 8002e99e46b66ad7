"""Which arithmetic the processor has."""

from __future__ import annotations

import torch


def has_bf16() -> bool:
    """Tell whether bfloat16 products are in the hardware: AVX512-BF16, AMX, Arm's BF16, or a GPU that has them."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.backends.mps.is_available():
        return False
    return _has("avx512_bf16", "amx_bf16", "amx_tile", "bf16")


def has_int8() -> bool:
    """Tell whether sums of int8 products are instructions of the processor: VNNI, AMX, or Arm's dot products."""
    return _has("avx512_vnni", "avx_vnni", "amx_int8", "dot", "i8mm")


def _has(*names: str) -> bool:
    flags = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(bool(flags.get(name)) for name in names)


def resolve(precision: str) -> str:
    """Turn ``auto`` into what this machine is fastest at: ``bf16`` or ``float32``."""
    return ("bf16" if has_bf16() else "float32") if precision == "auto" else precision
