"""One module a runtime: ``load(artifact, card)`` gives a ``Model``. Only the served one is imported."""
