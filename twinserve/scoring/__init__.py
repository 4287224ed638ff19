"""Whole files: rows of CSV or Parquet, each with the answer that the endpoints give it.

What the image ``score`` carries of this folder is in ``twinserve.delivery.image.score``; that much
needs the standard library and the bundle alone.
"""
