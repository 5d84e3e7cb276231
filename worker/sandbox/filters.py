"""The report's filters by client, project, user and tag. Pure.

`ContainsArchivedFilterV1` and `ContainsTagFilterV1` of https://docs.clockify.me. Nothing here is ever archived or
inactive, so `status` is taken and not looked at. A filter without ids lets everything through.
"""

from typing import Literal

from msgspec import Struct

from worker.sandbox.resources import identity

Contains = Literal["CONTAINS", "DOES_NOT_CONTAIN", "CONTAINS_ONLY"]


class Filter(Struct):
    """Lets entries through by what they belong to."""

    ids: list[str] | None = None
    contains: Contains | None = None
    status: str | None = None

    def how(self) -> Contains:
        """In which way the ids are meant."""
        return self.contains or "CONTAINS"

    def lets(self, what: str, *names: str) -> bool:
        """Whether an entry with these `names` of a kind (`what`: client, project, user, tag) is let through."""
        wanted = set(self.ids or ())
        if not wanted:
            return True
        has = {identity(what, name) for name in names}
        if self.how() == "DOES_NOT_CONTAIN":
            return not wanted & has
        if self.how() == "CONTAINS_ONLY":
            return bool(has) and has <= wanted
        return bool(wanted & has)


class TagFilter(Filter):
    """As documented, tags say it by a word of their own; that one counts if both are there."""

    containedInTimeentry: Contains | None = None  # noqa: N815 - Clockify spells it so, and no rename rule makes it

    def how(self) -> Contains:
        """In which way the ids are meant."""
        return self.containedInTimeentry or super().how()
