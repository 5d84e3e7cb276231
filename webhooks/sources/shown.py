"""How a made-up invoice shows its entries, where its kind has metadata or a text for them. Pure."""

from webhooks.places import LINK
from webhooks.references import to_metadata, to_text
from webhooks.sources.kind import Sample


def metadata(facts: Sample) -> dict[str, str]:
    """As metadata: values of at most 500 characters."""
    if facts.link:
        return {LINK: facts.link}
    return to_metadata(facts.workspace, facts.entries) if facts.workspace else {}


def text(facts: Sample) -> str:
    """As words in a text; empty where it shows none."""
    if facts.link:
        return f"{LINK}={facts.link}"
    return to_text(facts.workspace, facts.entries) if facts.workspace else ""
