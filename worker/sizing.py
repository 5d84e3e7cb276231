"""How many entries go into one call: as many as may, and fewer where Clockify cannot take them. Pure but for its memory."""

TOO_SLOW = 3
"""After so many timeouts in a row smaller batches are tried: Clockify may need too long for as many entries."""


class Sizing:
    """The size of batches: `now`, and `largest`. What was made small grows again while replies are quick."""

    def __init__(self, largest: int, kept: int) -> None:
        """Go on from what was `kept` of an earlier drain; 0 is the largest size."""
        self.largest = largest
        self.now = min(kept or largest, largest)
        self._tried = False
        self._quick = False

    @property
    def growing(self) -> bool:
        """Whether the next call shows if a larger one can be tried: then it goes out alone."""
        return self.now < self.largest and (self._quick or not self._tried)

    @property
    def kept(self) -> int:
        """What the next drain begins with; 0 is the largest size."""
        return self.now if self.now < self.largest else 0

    def replied(self, *, quick: bool) -> None:
        """A call was taken at once, or not."""
        self._tried, self._quick = True, quick

    def grow(self) -> None:
        """Twice as many, if that is likely to go well."""
        if self._quick:
            self.now = min(self.now * 2, self.largest)

    def refused(self, entries: int) -> None:
        """A call with so many entries is too large."""
        self.now = min(self.now, entries // 2)

    def timed_out(self, times: int) -> None:
        """Clockify was too slow, so many `times` in a row."""
        if times % TOO_SLOW == 0:
            self.now = max(1, self.now // 2)
