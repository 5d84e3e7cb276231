"""What a user wrote, in the environment and in a TOML file, and what is wrong with it, by the names that they wrote.

It must not know any one setting. What belongs to the other half is not read: neither its values nor its secret files.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource

PREFIX = "PAIDMARK_"
NEST = "__"
CONFIG = "PAIDMARK_CONFIG"
_FILE = "_FILE"
_OF_KUBERNETES = re.compile(r"PAIDMARK_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP|SCTP))(_.*)?")

Tree = dict[str, Any]


_PLAINER = {
    "bool_parsing": "should be true or false",
    "int_parsing": "should be a whole number",
    "float_parsing": "should be a number",
}
"""What pydantic says at more length."""


class SettingsError(Exception):
    """The settings are wrong. The message has every mistake on a line of its own."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n  ".join([f"{len(mistakes)} mistake(s) in the settings:", *mistakes]))
        self.mistakes = tuple(mistakes)


class _Environment(EnvSettingsSource):
    """The environment as pydantic-settings takes it apart, from a mapping that is handed in."""

    def __init__(self, settings: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(settings)
        self.env_vars = {
            _key(name): value for name, value in environ.items() if value and name.startswith(PREFIX)
        }


class Reading:
    """One reading for the class `settings`: its `values`, and the `mistakes` that were found so far."""

    def __init__(
        self,
        settings: type[BaseSettings],
        environ: Mapping[str, str],
        *,
        known: Collection[str],
        secret: Collection[str],
    ) -> None:
        """Read. `known` are the names of all settings of both halves, `secret` those that may be in files of their own.

        Below a setting that holds tables, the last name counts: `secrets` in `PAIDMARK_SOURCES__STRIPE__SECRETS_FILE`.
        """
        self.mistakes: list[str] = []
        self._settings, self._environ, self._secret = settings, environ, secret
        self._path = environ.get(CONFIG, "")
        self._misspelt_variables(known)
        self._written = self._toml()
        self._misspelt_keys(known)
        own = {name: value for name, value in self._written.items() if name in settings.model_fields}
        self.values = merged(own, _Environment(settings, dict(self._without_files()))())

    def explain(self, error: ValidationError) -> None:
        """Add what a validation found."""
        for found in error.errors(include_input=False, include_url=False, include_context=False):
            where = tuple(str(part) for part in found["loc"] if isinstance(part, str) and part != "[key]")
            said = found["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
            words = _PLAINER.get(found["type"], said)
            if found["type"] == "extra_forbidden":
                above = PREFIX + NEST.join((*where[:-1], "")).upper().replace("-", "_")
                below = "" if self._name(where).startswith("`") else above
                words = _no_such(where[-1], self._fields_below(where[0]), below)
            self.mistakes.append(f"{self._name(where)}: {words}")

    def _misspelt_variables(self, known: Collection[str]) -> None:
        nested = tuple(f"{PREFIX}{name.upper()}{NEST}" for name in known)
        plain = {PREFIX + name.upper() for name in known} | {CONFIG}
        plain |= {PREFIX + name.upper() + _FILE for name in self._secret if name in known}
        for name in self._environ:
            if not name.upper().startswith(PREFIX) or name in plain or _OF_KUBERNETES.fullmatch(name):
                continue
            if not (name.startswith(nested) and self._holds_tables(name)):
                self.mistakes.append(f"{name}: {_no_such(name.partition(NEST)[0], plain)}")

    def _holds_tables(self, name: str) -> bool:
        """Whether names below this one make sense; those of the other half are its own business."""
        head = name.removeprefix(PREFIX).partition(NEST)[0].lower()
        field = self._settings.model_fields.get(head)
        return field is None or hasattr((get_args(field.annotation) or (None,))[-1], "model_fields")

    def _fields_below(self, name: str) -> Collection[str]:
        fields: Collection[str] = get_args(self._settings.model_fields[name].annotation)[-1].model_fields
        return fields

    def _toml(self) -> Tree:
        if not self._path:
            return {}
        try:
            return tomllib.loads(Path(self._path).read_text(encoding="utf-8"))
        except OSError as error:
            self.mistakes.append(f"{CONFIG}: cannot read {self._path}: {error.strerror}")
        except ValueError as error:
            self.mistakes.append(f"{CONFIG}: {self._path} is no TOML: {error}")
        return {}

    def _misspelt_keys(self, known: Collection[str]) -> None:
        self.mistakes += [
            f"`{key}` in {self._path}: {_no_such(key, known)}" for key in self._written if key not in known
        ]

    def _without_files(self) -> Iterator[tuple[str, str]]:
        """The variables, with the content of files in place of their names."""
        for name, value in self._environ.items():
            stem = name.removesuffix(_FILE)
            if stem == name or not value or not self._own_secret(stem):
                yield name, value
            elif self._environ.get(stem):
                self.mistakes.append(f"{name}: {stem} is set as well; keep one of them")
            else:
                yield stem, self._content(name, value)

    def _own_secret(self, name: str) -> bool:
        head, *rest = name.removeprefix(PREFIX).lower().split(NEST)
        return head in self._settings.model_fields and (rest or [head])[-1] in self._secret

    def _content(self, name: str, path: str) -> str:
        try:
            content = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            # Not what it says: that may be the secret itself.
            reason = getattr(error, "strerror", "it is no text")
            self.mistakes.append(f"{name}: cannot read the file that it names: {reason}")
            return ""
        if not content:
            self.mistakes.append(f"{name}: the file that it names is empty")
        return content

    def _name(self, where: tuple[str, ...]) -> str:
        """The name that the user wrote, or would have to write."""
        for length in range(len(where), 0, -1):
            variable = PREFIX + NEST.join(where[:length]).upper().replace("-", "_")
            for name in (variable, variable + _FILE):
                if self._environ.get(name):
                    return name
        found: Any = self._written
        for part in where:
            if not isinstance(found, dict) or part not in found:
                break
            found = found[part]
        else:
            return f"`{'.'.join(where)}` in {self._path}"
        return PREFIX + NEST.join(where).upper().replace("-", "_")


def merged(below: Tree, above: Tree) -> Tree:
    """Both trees in one; where both have a value, it is that of `above`."""
    tree = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(tree.get(name), dict)
        tree[name] = merged(tree[name], value) if both else value
    return tree


def _key(name: str) -> str:
    """A variable's name as pydantic-settings looks it up. A name that the user chose has dashes for underscores."""
    head, *rest = name.lower().split(NEST)
    return NEST.join([head, *(part.replace("_", "-") for part in rest[:1]), *rest[1:]])


def _no_such(name: str, names: Collection[str], below: str = "") -> str:
    by_stem = {one.upper().removeprefix(PREFIX): one for one in names}
    nearest = get_close_matches(name.upper().removeprefix(PREFIX), by_stem, 1)
    return (
        f"no such setting; did you mean {below}{by_stem[nearest[0]].upper() if below else by_stem[nearest[0]]}?"
        if nearest
        else "no such setting"
    )
