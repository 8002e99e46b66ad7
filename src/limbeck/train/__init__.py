"""Training: steps, schedules, the one loop, checkpoints, and the learner that puts them together."""

from limbeck.errors import require


def require_training() -> None:
    """Import what every training needs.

    Raises:
        MissingExtra: torch, transformers or accelerate is not installed.
    """
    for module in ("torch", "transformers", "accelerate"):
        require(module, "train")
