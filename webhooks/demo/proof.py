"""The proof: every entry in the sandbox, held against what must be. Looks at nothing of ours."""

from dataclasses import dataclass

from webhooks.demo.script import Script
from webhooks.demo.sender import Sender
from worker.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: invoices of which every entry is as it must be, and each entry that is not, in words."""

    invoices: int
    proven: int
    entries: int
    wrong: tuple[str, ...]


def prove(script: Script, sandbox: Sandbox) -> Proof:
    """Compare the sandbox's entries with the script's end, both ways: what must be, is; and nothing else was touched."""
    expected = script.expected()
    actual = {entry.id: entry.invoiced for entry in sandbox.world.entries.values()}
    wrong = {
        entry: f"{entry} is {_word(actual.get(entry))}, must be {_word(expected.get(entry))}"
        for entry in sorted(expected.keys() | actual.keys())
        if actual.get(entry) is not expected.get(entry)
    }
    proven = sum(1 for invoice in script.invoices if not wrong.keys() & set(invoice.entries))
    return Proof(len(script.invoices), proven, len(expected), tuple(wrong.values()))


def cost(script: Script, sandbox: Sandbox, sender: Sender) -> dict[str, str]:
    """What it took: deliveries, calls, and how long."""
    took = sorted(sender.took)
    marked = sorted(_delays(script, sandbox, sender))
    refused = sum(count for answer, count in sandbox.log.answers.items() if answer == "invoiced 429")
    fewest = len({entry for invoice in script.invoices for entry in invoice.entries})
    return {
        "webhooks posted": f"{sender.posted:,}",
        "calls to Clockify": f"{sandbox.log.total:,} for {fewest:,} entries",
        "refused by the rate limit": f"{refused:,}",
        "acknowledged within": f"p50 {_at(took, 0.5):.1f} ms, p99 {_at(took, 0.99):.1f} ms",
        "from the 200 to the mark": f"p50 {_at(marked, 0.5):.1f} ms, p99 {_at(marked, 0.99):.1f} ms",
    }


def _delays(script: Script, sandbox: Sandbox, sender: Sender) -> list[float]:
    """Seconds from the acknowledgement of each quiet invoice to its first entry's mark; early by nothing counts as 0."""
    return [
        max(
            0.0,
            sandbox.world.entries[invoice.entries[0]].changes[0][0]
            - sender.acknowledged[f"evt_{invoice.id}_paid"],
        )
        for invoice in script.quiet
        if sandbox.world.entries[invoice.entries[0]].changes
    ]


def _at(values: list[float], share: float) -> float:
    """A percentile, in milliseconds."""
    return 1000 * values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def _word(invoiced: bool | None) -> str:
    return {True: "invoiced", False: "not invoiced", None: "unknown"}[invoiced]
