from generator.models.work import (
    LONGEST_TITLE,
    MOST_VARIANTS,
    Step,
    Variant,
    Work,
)

__all__ = ["LONGEST_TITLE", "MOST_VARIANTS", "Step", "Variant", "Work"]
