"""The log of calls, and what can be counted in it. Pure: times are given. Credentials and bodies never get in."""

from collections import Counter, deque
from collections.abc import Callable

from msgspec import Struct

CALLS_KEPT = 100_000


class Call(Struct, kw_only=True):
    """One call: `at` in seconds since 1970.

    `caller` is a fingerprint of the credential, empty where there is none.
    `status` is None while it is in flight and 0 if it was never answered; `ids` is how many entries it named, and
    `invoiced` the flag that it asked for, if it did.
    """

    at: float
    method: str
    path: str
    route: str
    workspace: str
    caller: str = ""
    ids: int = 0
    invoiced: bool | None = None
    status: int | None = None


class Log:
    """The last calls, and counts over all of them. `tell`, if given, hears of every call that has ended."""

    def __init__(self, *, kept: int = CALLS_KEPT, tell: Callable[[Call], None] | None = None) -> None:
        self.calls: deque[Call] = deque(maxlen=kept)
        self.in_flight = 0
        self._tell = tell
        self._second: deque[float] = deque()
        self.clear()

    def clear(self) -> None:
        """Forget the calls and the counts; what is in flight stays in flight."""
        self.calls.clear()
        self._second.clear()
        self.answers: Counter[str] = Counter()
        self.total = self.ids_marked = self.busiest_second = 0
        self.most_in_flight = self.in_flight

    def begin(self, call: Call) -> None:
        """A call has arrived, whole."""
        self.calls.append(call)
        self.total += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self._second.append(call.at)
        while self._second[0] <= call.at - 1:
            self._second.popleft()
        self.busiest_second = max(self.busiest_second, len(self._second))

    def end(self, call: Call, status: int) -> None:
        """A call was answered with `status`, or cut (0)."""
        call.status = status
        self.in_flight -= 1
        self.answers[f"{call.route or '-'} {status}"] += 1
        if call.route == "invoiced" and status == 200:  # noqa: PLR2004 - OK, the one success that Clockify has
            self.ids_marked += call.ids
        if self._tell is not None:
            self._tell(call)
