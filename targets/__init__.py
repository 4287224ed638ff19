"""Where an endpoint can live, behind one protocol.

A target starts an endpoint from a bundle and stops it again. Here: a local process.
"""
