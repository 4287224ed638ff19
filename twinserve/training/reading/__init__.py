"""From the file of a table to cells, from cells to encoded values; and the rule of types."""
