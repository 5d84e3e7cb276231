"""What a check says: a mark, what it is about, what was found, and what to do about it. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How bad it is. Only what is WRONG keeps Paidmark from its work."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list; `advice` is empty where there is nothing to do. No secret and no name of a person in it."""

    mark: Mark
    about: str
    text: str
    advice: str = ""


def ok(about: str, text: str) -> Finding:
    """All is well."""
    return Finding(Mark.OK, about, text)


def warning(about: str, text: str, advice: str = "") -> Finding:
    """It works, or may work, and somebody should know."""
    return Finding(Mark.WARNING, about, text, advice)


def wrong(about: str, text: str, advice: str = "") -> Finding:
    """It does not work."""
    return Finding(Mark.WRONG, about, text, advice)
