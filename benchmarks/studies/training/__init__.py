"""What the stages take beside the bare fit of the same estimator, on a long table."""
