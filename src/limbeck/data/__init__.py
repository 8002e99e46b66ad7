"""Any source of labelled text becomes a Dataset: read, columns, split, report, and streams of rows for prediction.

numpy and the standard library only; parquet and frames import pyarrow when one is read.
"""

from limbeck.data.collected import input_of, row_inputs
from limbeck.data.columns import Columns, guess_columns
from limbeck.data.corrections import apply_corrections
from limbeck.data.dataset import Dataset, class_order, input_id
from limbeck.data.known import of_classes
from limbeck.data.read import open_rows, read, read_splits
from limbeck.data.report import DataReport, describe
from limbeck.data.rows import Row, Rows, RowSource, cell_text
from limbeck.data.split import split
from limbeck.data.write import RowWriter, open_writer
from limbeck.text import Input

__all__ = [
    "Columns",
    "DataReport",
    "Dataset",
    "Input",
    "Row",
    "RowSource",
    "RowWriter",
    "Rows",
    "apply_corrections",
    "cell_text",
    "class_order",
    "describe",
    "guess_columns",
    "input_id",
    "input_of",
    "of_classes",
    "open_rows",
    "open_writer",
    "read",
    "read_splits",
    "row_inputs",
    "split",
]
