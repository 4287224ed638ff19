"""The served model: made from the estimator, and proven equal to it."""
