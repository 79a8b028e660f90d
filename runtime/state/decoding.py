"""What reads rows in; the same, for which rows that say what cannot be are a StateError, out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from .database import Database
from .errors import StateError, Unusable

_P = ParamSpec("_P")
_T = TypeVar("_T")
# What JSON, times, addresses and tuples of another size raise. SQLite checks pages, and not what is in them.
_WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


class _HasDatabase(Protocol):
    database: Database


_Holder = TypeVar("_Holder", bound=_HasDatabase)
_Base = TypeVar("_Base", bound=Database)


def of_store(
    read: Callable[Concatenate[_Holder, _P], _T],
) -> Callable[Concatenate[_Holder, _P], _T]:
    """Reads what a store holds; what it raises because a row is damaged becomes a StateError."""

    @wraps(read)
    def checked(holder: _Holder, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return read(holder, *args, **kwargs)
        except StateError:
            raise
        except _WRONG as error:
            raise _damaged(holder.database, error) from error

    return checked


def of_database(
    read: Callable[Concatenate[_Base, _P], _T],
) -> Callable[Concatenate[_Base, _P], _T]:
    """As `of_store`, for what reads a database itself."""

    @wraps(read)
    def checked(database: _Base, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return read(database, *args, **kwargs)
        except StateError:
            raise
        except _WRONG as error:
            raise _damaged(database, error) from error

    return checked


def _damaged(database: Database, error: Exception) -> Unusable:
    return Unusable(
        f"the state at {database.place} holds what csc cannot read ({type(error).__name__})",
        "it is damaged: `csc doctor` says where; restore it from a backup",
    )
