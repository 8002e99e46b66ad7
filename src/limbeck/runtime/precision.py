"""Which graph of a folder answers, and what its products are computed in: int8, or float32.

A folder may hold both graphs, or the int8 one alone. That one serves for float32 as well: its weights are folded back
to float while it opens. Nothing is written, and nothing but onnxruntime is needed for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH, Manifest
from limbeck.errors import SettingsError, nearest

Precision = Literal["float32", "int8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")
PREFERRED: Precision = "float32"
"""What an int8 graph is computed in unless the user says: on two cores with AVX2 and no VNNI, products in float32 of
weights that were folded back answered 1.6 times as many texts (``benchmarks/int8.py``, ``pieces/int8-forms.json``) and
opened 0.02 s later, and they do not differ from machine to machine. Where a processor has int8 instructions,
``--precision int8`` may be the quicker one."""
_ONE_THREAD = ("limbeck-static",)
"""Model types whose graphs run as fast on one thread as on two, at half the processor time."""


@dataclass(frozen=True)
class Way:
    """How a folder is asked."""

    graph: str
    """Path of the graph inside the folder."""
    precision: Precision
    """What products are computed in."""
    one_thread: bool = False
    """Whether its products are so small that threads cost more than they compute, unless a number is asked for."""

    @property
    def dequantised(self) -> bool:
        """Whether int8 weights are folded back to float."""
        return self.graph == INT8_GRAPH and self.precision == "float32"


def way(manifest: Manifest, precision: Precision | None = None) -> Way:
    """How the folder of ``manifest`` is asked: in ``precision``, or as :data:`PREFERRED` says; float32 by a float graph
    where there is one.

    Raises:
        SettingsError: the folder has no graph for it, or there is no such precision.
    """
    if precision is not None and precision not in PRECISIONS:
        raise SettingsError(f"precision {precision!r} is unknown; there are {nearest(precision, PRECISIONS)}")
    if precision == "int8" and manifest.graph != INT8_GRAPH:
        raise SettingsError(
            f"precision 'int8': the model has no {INT8_GRAPH}, only 'float32'; make it so: limbeck export MODEL --int8"
        )
    chosen = precision or (PREFERRED if manifest.graph == INT8_GRAPH else "float32")
    graph = FLOAT_GRAPH if chosen == "float32" and FLOAT_GRAPH in manifest.files else manifest.graph
    return Way(graph, chosen, one_thread=manifest.model.get("model_type") in _ONE_THREAD)
