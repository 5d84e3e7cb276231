"""Who calls: what a call shows of itself, and a name for that which may be logged. Pure."""

from hashlib import sha256
from typing import NamedTuple


class Credential(NamedTuple):
    """What a call shows of itself: an API key (`addon` false) or an add-on's token."""

    value: str
    addon: bool

    @property
    def fingerprint(self) -> str:
        """A name for whoever holds it that does not give it away, made as `worker.clockify` makes its own; empty for nobody."""
        header = "X-Addon-Token" if self.addon else "X-Api-Key"
        return sha256(f"{header}\0{self.value}".encode()).hexdigest()[:12] if self.value else ""
