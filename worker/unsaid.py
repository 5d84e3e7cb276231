"""What the ledger has not heard of calls to Clockify, because the store was away: it is said when the store is back.

Every call is doubtful from before it goes out, but only for a while. One that went out later than that, by a worker who
slept, and of which the ledger never hears could leave an entry wrong for ever.
"""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from worker.batches import Batch
from worker.ledger.hands import Hands
from worker.ledger.store import STORE_ERRORS
from worker.ledger.work import Lease, LeaseLostError, Limit, Progress, Sent

NOBODY = ""
"""A token that holds no lease: the backlog has moved on, and the entries' present wish is what must be said."""


@dataclass(slots=True)
class Unsaid:
    """One a process: it outlasts connections to the store. Never more than the calls that were under way."""

    _calls: deque[tuple[Lease, Sent]] = field(default_factory=deque)

    async def settle(
        self,
        hands: Hands,
        lease: Lease,
        progress: Sequence[Progress],
        sent: Sent,
        following: Batch | None = None,
        limits: Sequence[Limit] = (),
    ) -> float:
        """As `Hands.settle`; what the store does not hear is kept."""
        try:
            return await hands.settle(lease, progress, sent, following, limits)
        except STORE_ERRORS:
            self._calls.append((lease, sent))
            raise

    async def say(self, hands: Hands) -> None:
        """Tell the ledger what it has not heard. Raises what the store raises; then the rest is kept."""
        while self._calls:
            lease, sent = self._calls[0]
            with suppress(LeaseLostError):
                await hands.settle(replace(lease, token=NOBODY), [], sent)
            self._calls.popleft()
