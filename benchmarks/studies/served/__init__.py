"""Which estimator on which kind of table is served how: each cell fitted, exported and proven."""
