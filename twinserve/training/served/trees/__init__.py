"""The trees of a fitted estimator, read from each library's own fitted objects."""
