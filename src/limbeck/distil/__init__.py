"""Distillation: a teacher's judgement, whoever the teacher is, into a student that fits the device.

A teacher becomes Scores once (``teacher``, ``given``); a student is cut out of an encoder (``student``); a step joins
what is minimised (``task``). Only the losses of single tokens run a teacher's module beside the student, on the
student's own pieces (``align``, ``beside``).
"""
