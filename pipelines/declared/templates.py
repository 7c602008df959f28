"""Declarations that ship with the code, laid under what a home says itself."""

from __future__ import annotations

from typing import Any

from pipelines.declared.lines import DEFAULTS, DeclarationError, Located, shipped

ADDED = ("drop", "comments")


def merged(default: Any, override: Any) -> Any:
    """`override` laid over `default`, mapping by mapping; a null removes the default's key."""
    if not (isinstance(default, dict) and isinstance(override, dict)):
        return override
    result = {key: value for key, value in default.items() if override.get(key, value) is not None}
    for key, value in override.items():
        if value is not None:
            result[key] = merged(default.get(key), value)
    return result


def known() -> list[str]:
    """The sources of tools that ship with the code: what `like:` takes."""
    return sorted(path.stem for path in (DEFAULTS / "sources").glob("*.yml"))


def completed(source: Located) -> Any:
    """A source with the shipped declaration it is `like` under it; columns that both drop add up.

    Raises DeclarationError for a declaration that does not ship.
    """
    name = source.value.get("like")
    if name is None:
        return source.value
    if name not in known():
        message = f"'{name}' is no shipped declaration; like: takes {', '.join(known())}"
        raise DeclarationError([source.problem(["like"], message)])
    base = shipped(f"sources/{name}")
    value = merged(base, source.value)
    for key in ADDED:
        own = source.value.get(key, [])
        if isinstance(own, list):
            value[key] = [*base.get(key, []), *own]
    return value
