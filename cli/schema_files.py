"""Schema files in, the catalog of object types that scripts are compiled against out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..compiler.schema.catalog import BUILT_IN, Catalog
from .exits import Failure


def read_catalog(paths: Sequence[str]) -> Catalog:
    """What `csc` knows, with the types of the files added in order.

    Raises:
        Failure: if a file cannot be read or used.
    """
    catalog = BUILT_IN
    for path in paths:
        from ..compiler.schema.toml import SchemaError, extend

        try:
            catalog = extend(catalog, Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise Failure(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Failure(f"{path} is not UTF-8 text", "save it as UTF-8") from None
        except SchemaError as error:
            raise Failure(
                f"{path}: {error}", "docs/schema.md says what a schema file holds"
            ) from None
    return catalog
