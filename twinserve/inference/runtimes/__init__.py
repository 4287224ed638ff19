"""One module a runtime; ``load(artifact, card)`` gives a ``Model``. Only one is imported."""
