"""Training: steps, schedules, the one loop, checkpoints, and the learner that puts them together."""
