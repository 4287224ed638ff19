"""What is served: made from the estimator, and proven equal to it."""
