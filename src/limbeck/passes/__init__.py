"""Passes: artefact in, artefact out, each with a promise. One file each; a pass defines ``apply(folder, out, ...)``."""

from limbeck.table import Table

PASSES = Table("limbeck.passes", noun="pass", flag="pass")
