"""From tables that people know to two endpoints: what is taken for what, and how long it takes."""
