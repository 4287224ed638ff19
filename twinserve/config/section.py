"""The base of every section of ``params.yaml``: frozen, strict, without unknown keys."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping of ``params.yaml``; the text below a key is its meaning in docs/parameters.md."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        # A default is then what the same value in the file would be: 10 seconds are 10.0, as is
        # written into bundles.
        validate_default=True,
        use_attribute_docstrings=True,
    )
