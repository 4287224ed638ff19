"""The figures, plots and pictures by which a model is judged."""
