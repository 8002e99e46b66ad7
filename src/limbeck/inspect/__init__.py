"""Judgement of what a model said: functions of Scores. Nothing here changes a model."""
