"""Distillation: what a teacher says of texts, and how it reads them, into a smaller student.

A teacher is its scores; only the losses of single tokens run it beside the student, on the student's own pieces.
"""
