"""Other ways to ask than for the class of one row; imported by the first request that takes one."""
