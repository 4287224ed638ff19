"""Cold and warm probes of any endpoint, their statistics, and the report.

What is measured is always another process, asked over HTTP; nothing here imports what it measures.
"""
