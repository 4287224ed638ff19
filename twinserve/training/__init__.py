"""The DVC stages, one small module each: ``prepare``, ``train``, ``evaluate``, ``export``.

Run through ``dvc repro``, which calls them as ``python -m twinserve.training.<stage>`` from the
top of the repository. ``dvc.yaml`` says what each reads and writes.
"""
