"""The books as the laws say they are: all invoices, payments and claims. Pure, and not read from the scripts.

An entry is wished for while an invoice that stands names it, whatever came in which order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.worker.ledger.model import AWAITS_A_PERSON, Fact, Invoice, Names, Place
from worker.marking import Cause, State

FUTURE_MS = 900_000
UNTIED = "not tied"
UNKNOWN = "not known"
NAMELESS = "names nothing"
UNLINKED = "not linked yet"
BY_HAND = "decide by hand"


@dataclass
class Books:
    """All invoices, payments and claims. `counted`: an invoice without references is only counted."""

    counted: bool = True
    invoices: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
    links: dict[str, Names] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)

    def wish(self, workspace: str, entry: str) -> bool:
        """Whether any invoice that stands names the entry."""
        return any(
            invoice.stands and entry in invoice.places[workspace].named
            for invoice in self.invoices.values()
            if workspace in invoice.places
        )

    def waiting(self, workspace: str) -> set[str]:
        """The invoices with something to do in a workspace."""
        return {
            ref for ref, name, place in self.places() if name == workspace and place.state is State.WAITING
        }

    def places(self) -> Iterator[tuple[str, str, Place]]:
        """Every place, with its invoice and its workspace."""
        for ref, invoice in self.invoices.items():
            for workspace, place in invoice.places.items():
                yield ref, workspace, place

    def accept(self, cause: Cause, invoice: str, payment: str, now: int) -> str:
        """Take an event, by the refs of its invoice and payment ('' for none). Returns the verdict."""
        names = {one.workspace: one.entries for one in cause.wanted or ()}
        fact = Fact(
            cause.event, cause.invoiced, cause.order, cause.rank, cause.at, names, cause.unresolved
        )  # fmt: skip
        ref = invoice or self.payments.get(payment, "")
        if not ref:
            ref, fact.reason = payment, fact.reason or UNTIED
        known = self.invoices.get(ref, Invoice())
        if cause.wanted is None and not fact.paid and ref in self.invoices and known.none_of_ours:
            self._remember_turn(ref, known, fact, now)
            return "unreferenced"
        if fact.id in known.facts:
            return "known"
        if fact.paid and not any(names.values()):
            self._look_for_links(ref, fact, cause)
        plain = not fact.reason
        nothing = (
            plain and (cause.wanted is not None or fact.wanted != names) and not any(fact.wanted.values())
        )
        if nothing and (self.counted or not fact.paid) and known.none_of_ours:
            self._remember_turn(ref, known, fact, now)
            verdict = "unreferenced"
        else:
            verdict = self.apply(ref, fact, now)
        if payment and payment != ref:
            self.tie(payment, ref, now)
        return verdict

    def _remember_turn(self, ref: str, invoice: Invoice, fact: Fact, now: int) -> None:
        """Of an invoice that names nothing only what its newest event says is kept."""
        if not fact.reason and fact.key > invoice.newest and fact.at <= now + FUTURE_MS:
            invoice.newest, invoice.paid_in_full = fact.key, fact.paid
            self.invoices[ref] = invoice

    def _look_for_links(self, ref: str, fact: Fact, cause: Cause) -> None:
        """What an event that names nothing stands for, if that was told under its link, its id or its number."""
        link, number = (name and f"stripe//{name}" for name in (cause.link, cause.number))
        for name in filter(None, (link, number)):
            self.names.setdefault(name, set()).add(ref)
        if link:
            found = self.links.get(link)
            fact.reason = fact.reason or ("" if found else f"{UNLINKED}: {link}")
        else:
            link = ref if ref in self.links else number
            found = self.links.get(link)
        if found:
            fact.wanted, fact.linked = found, link

    def link(self, name: str, wanted: Names, now: int) -> str:
        """Tell what an invoice stands for, or (nothing) that it does no more. Returns the verdict."""
        if not wanted:
            return self._unlink(name)
        self.links[name] = wanted
        verdict = "linked"
        for ref in [name] if name in self.invoices else sorted(self.names.get(name, set())):
            invoice = self.invoices.get(ref, Invoice())
            facts = self._to_name(invoice, name, wanted)
            for fact in facts:
                fact.wanted, fact.linked, fact.reason = wanted, name, ""
                if self.apply(ref, fact, now, again=True) == "accepted":
                    verdict = "accepted"
            if facts:
                continue
            proposed = self._propose(invoice, name, wanted)
            named = invoice.paid_in_full and invoice.names_something and not invoice.names_just(wanted)
            if verdict == "linked":
                verdict = "awaits" if proposed else "named" if named else verdict
        return verdict

    def _unlink(self, name: str) -> str:
        verdict = "linked" if self.links.pop(name, None) else "known"
        for ref in [name] if name in self.invoices else sorted(self.names.get(name, set())):
            invoice = self.invoices.get(ref, Invoice())
            self._propose(invoice, name, {})
            if invoice.linked == name:
                verdict = "accepted" if invoice.rename({}) else verdict
                invoice.linked = ""
                invoice.version += 1
        return verdict

    def _propose(self, invoice: Invoice, name: str, wanted: Names) -> bool:
        """What payments that await a person would name. Returns whether there are any."""
        open_facts = [
            fact
            for fact in invoice.unresolved()
            if fact.paid and fact.reason != NAMELESS and not fact.reason.startswith(UNLINKED)
            and (not fact.wanted or fact.linked == name)
        ]  # fmt: skip
        for fact in open_facts:
            fact.wanted, fact.linked = wanted, name if wanted else ""
        return bool(open_facts)

    def _to_name(self, invoice: Invoice, name: str, wanted: Names) -> list[Fact]:
        waiting = [
            fact for fact in invoice.unresolved() if fact.paid and fact.reason == f"{UNLINKED}: {name}"
        ]
        if waiting or not invoice.paid_in_full:
            return waiting
        newest = next((fact for fact in invoice.facts.values() if fact.key == invoice.newest), None)
        said_so = invoice.linked == name and not invoice.names_just(wanted)
        names_other = said_so or not invoice.names_something
        if newest:
            if newest.state is State.UNRESOLVED:
                names_other = newest.reason == NAMELESS
            return [newest] if names_other and newest.state is not State.DROPPED else []
        order, rank, event = invoice.newest
        return [Fact(event, True, order, rank, 0, {}, "")] if names_other else []

    def apply(self, ref: str, fact: Fact, now: int, *, again: bool = False) -> str:
        """What an event does to its invoice; `again`, if it is there already and a person brings it back."""
        invoice = self.invoices.setdefault(ref, Invoice())
        invoice.facts.setdefault(fact.id, fact)
        if fact.key < invoice.newest or (fact.key == invoice.newest and not again):
            late = fact.key < invoice.newest and fact.at <= now + FUTURE_MS and self._name_late(invoice, fact)
            fact.state = State.WAITING if late else State.SUPERSEDED
            for other in invoice.unresolved():
                if fact.paid and not other.paid and other.key == invoice.newest:
                    other.state = State.APPLIED
        elif fact.at > now + FUTURE_MS or (fact.reason and not fact.paid):
            fact.state = State.UNRESOLVED
        else:
            invoice.newest, invoice.paid_in_full = fact.key, fact.paid
            fact.state = State.UNRESOLVED if fact.reason else self._act(invoice, fact)
            if fact.paid and fact.wanted and not fact.reason:
                invoice.named_by = fact.key
            changed = fact.state is State.WAITING
            for other in invoice.facts.values():
                overtaken = other.state is State.UNRESOLVED and other.key <= fact.key
                if other is not fact and (overtaken or (changed and other.state is State.WAITING)):
                    other.state = State.SUPERSEDED
        verdict = "accepted" if fact.state is State.WAITING else fact.state.value
        invoice.forget()
        invoice.sum_up()
        return verdict

    def _act(self, invoice: Invoice, fact: Fact) -> State:
        if not fact.paid and not invoice.names_something:
            invoice.stands = False
            if invoice.places or any(other.paid for other in invoice.facts.values()):
                return State.SUPERSEDED
            fact.reason = UNKNOWN
            return State.UNRESOLVED
        if fact.paid and not fact.wanted and not invoice.names_something:
            if invoice.places:
                return State.SUPERSEDED
            fact.reason = NAMELESS
            return State.UNRESOLVED
        if fact.paid and fact.wanted:
            changed, invoice.linked = invoice.rename(fact.wanted), fact.linked
        else:
            changed = invoice.turn(fact.paid)
        invoice.version += changed
        return State.WAITING if changed else State.SUPERSEDED

    def _name_late(self, invoice: Invoice, fact: Fact) -> bool:
        """An older payment names what no newer one has named. Returns whether anything is to mark."""
        if not fact.paid or fact.reason or not fact.wanted or fact.key <= invoice.named_by:
            return False
        states = [place.state for place in invoice.places.values()]
        ended = State.DROPPED in [*states, *(fact.state for fact in invoice.facts.values())]
        to_decide = [one for one in invoice.unresolved() if one.paid and one.key == invoice.newest]
        if ended or any(one.reason != NAMELESS for one in to_decide):
            return False
        changed = invoice.name_late(fact.wanted)
        invoice.named_by, invoice.linked = fact.key, fact.linked
        invoice.version += changed
        if not changed or not invoice.paid_in_full:
            return False
        for other in invoice.facts.values():
            if other.state is State.WAITING or (other.state is State.UNRESOLVED and other.reason == NAMELESS):
                other.state = State.SUPERSEDED
        return True

    def tie(self, payment: str, ref: str, now: int) -> None:
        """A payment belongs to an invoice: what was told of the payment alone is told of the invoice."""
        self.payments[payment] = ref
        untied = self.invoices.get(payment)
        if untied is None or untied.places:
            return
        for fact in untied.facts.values():
            known = self.invoices.get(ref)
            if fact.state is not State.UNRESOLVED:
                self.invoices.setdefault(ref, Invoice()).facts.setdefault(fact.id, fact)
                continue
            fact.reason = "" if fact.reason in (UNTIED, UNKNOWN) else fact.reason
            if fact.paid or not (known and known.none_of_ours):
                self.apply(ref, fact, now)
            else:
                self._remember_turn(ref, known, fact, now)
        del self.invoices[payment]

    def retry(self, ref: str, wanted: Names, decision: str, now: int) -> int:
        """A person brings back what awaits them. Returns how many markings wait again."""
        invoice = self.invoices.get(ref, Invoice())
        refused = [place for place in invoice.places.values() if place.state in AWAITS_A_PERSON]
        for place in refused:
            place.state = State.WAITING
            place.done = {entry: mark for entry, mark in place.done.items() if mark != "x"}
        for fact in invoice.facts.values():
            if refused and fact.state in AWAITS_A_PERSON:
                fact.state = State.WAITING
        invoice.version += bool(refused)
        return len(refused) + sum(
            self._bring_back(ref, fact, wanted, decision, now) for fact in invoice.unresolved()
        )

    def _bring_back(self, ref: str, fact: Fact, wanted: Names, decision: str, now: int) -> bool:
        if fact.state is not State.UNRESOLVED or (BY_HAND in fact.reason and not decision):
            return False
        fact.paid = decision == "paid" if BY_HAND in fact.reason else fact.paid
        if wanted:
            fact.wanted, fact.linked = wanted, ""
        if "" in fact.wanted:
            return False
        if fact.wanted or not fact.paid or decision:
            fact.reason = ""
        return self.apply(ref, fact, now, again=True) == "accepted"

    def drop(self, ref: str) -> list[tuple[str, Place]]:
        """A person ends what is open. Claims stay. Returns the places that were ended."""
        invoice = self.invoices.get(ref, Invoice())
        open_states = (State.WAITING, *AWAITS_A_PERSON)
        ended = [(name, place) for name, place in invoice.places.items() if place.state in open_states]
        for _, place in ended:
            place.state = State.DROPPED
        for fact in invoice.facts.values():
            if fact.state in (*open_states, State.UNRESOLVED):
                fact.state = State.DROPPED
        invoice.version += 1
        return ended

    def settle(self, ref: str, workspace: str, version: int, marks: Mapping[str, str]) -> None:
        """Take in what became of entries, as they were wished for at `version`."""
        invoice = self.invoices.get(ref, Invoice())
        place = invoice.places.get(workspace)
        if place and place.state is State.WAITING and invoice.version == version:
            place.mark(marks)
            invoice.sum_up()

    def rejected(self) -> set[str]:
        """The invoices with refused entries that await a person."""
        return {ref for ref, _, place in self.places() if place.state in AWAITS_A_PERSON}

    def unresolved(self) -> set[str]:
        """The invoices with events that await a person."""
        return {ref for ref, invoice in self.invoices.items() if invoice.unresolved()}
