"""The machine that measures, and the memory and disk that are used."""
