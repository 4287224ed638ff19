"""The choices of a user (``params.yaml``) and the model card, as typed, checked objects.

``twinserve.config.card`` needs the standard library alone, because every cold start imports it;
``twinserve.config.params`` is for the left of the pipeline and may use pydantic.
"""
