"""Where an endpoint can live, behind one protocol.

A target starts an endpoint and stops it again. Here: a local process, a local container.
"""
