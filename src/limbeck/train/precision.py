"""Which arithmetic the processor has."""

from __future__ import annotations

import torch


def has_bf16() -> bool:
    """Tell whether bfloat16 products are in the hardware: AVX512-BF16, AMX, Arm's BF16, or a GPU that has them."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.backends.mps.is_available():
        return False
    flags = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(bool(flags.get(name)) for name in ("avx512_bf16", "amx_bf16", "amx_tile", "bf16"))


def resolve(precision: str) -> str:
    """Turn ``auto`` into what this machine is fastest at: ``bf16`` or ``float32``."""
    return ("bf16" if has_bf16() else "float32") if precision == "auto" else precision
