"""The ledger checked against its books: any steps in any order, on a real store, and in the end Clockify is as it must be.

Each example is a sequence of the ledger's own steps: events told in any order and number, payments tied, people who retry
and drop, workers that plan, send, settle, sleep and crash. After every step what the ledger says must be what the model of
the laws (`books`, `model`) says; at the end one honest worker does what is left.

The usual run tries the same examples each time. A long one tries others, and says how many steps it made:

    PAIDMARK_MODEL_EXAMPLES=5000 pytest -s tests/worker/ledger/test_model.py
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.worker.ledger.crew import ALL, LEASE_MS, Worker
from tests.worker.ledger.play import WORKSPACES, Play
from tests.worker.worlds import WORKSPACE, ids, opened, tie
from worker.ledger.intake import Rules
from worker.ledger.work import Handover
from worker.marking import Cause, Wanted

LONG = int(os.environ.get("PAIDMARK_MODEL_EXAMPLES", "0"))
ENTRIES = (*ids(2), "54m377ddd3fcab07cfbb432w")
FAR = 3_600_000

numbers = st.integers(1, 3)
"""Invoices `in_1`, `in_2`, `in_3`, with a payment each."""
refs = st.builds("stripe//{}_{}".format, st.sampled_from(["in", "in", "@pi"]), numbers)
workspaces = st.sampled_from([WORKSPACE, *WORKSPACES])
few = st.sampled_from([ENTRIES[:1], ENTRIES[1:2], ENTRIES[2:], ENTRIES[:2]])
some = st.lists(st.sampled_from(ENTRIES), min_size=1, max_size=3, unique=True).map(tuple)
names = st.dictionaries(workspaces, some, min_size=1, max_size=2)
shown: st.SearchStrategy[Any] = names | names | names | st.just({WORKSPACE: ()}) | st.just({}) | st.none()
moments = st.sampled_from([0, 0, 0, 0, 0, FAR])
older = st.sampled_from([0, 0, 0, 1, 2, 5])
"""By how many events an event is older than the newest."""
OLDEST = 9
handovers = st.sampled_from(
    [
        Handover(),
        Handover(),
        Handover(wait=40, failures=2, reason="Clockify answered 503"),
        Handover(wait=400, parked="Clockify answered 401"),
    ]
)
which = st.integers(0, 9)


class Steps(RuleBasedStateMachine):
    """How steps are made and checked; the steps themselves are below."""

    url: ClassVar[str]
    made: ClassVar[int] = 0
    alike: ClassVar[int] = 1
    """So many events have the same time, if none is older."""

    @initialize(counted=st.booleans())
    def begin(self, counted: bool) -> None:
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.told: list[Cause] = []
        self.play = self.runner.run(self.opening(counted))
        self.crew = self.play.crew
        self.sound = True

    async def opening(self, counted: bool) -> Play:
        rules = Rules(deadline=30.0, unreferenced="counted" if counted else "unresolved")
        ledger = await self.stack.enter_async_context(opened(self.url, rules=rules))
        await ledger.store.flushdb()
        return Play(ledger, counted=counted)

    def step(self, what: Coroutine[Any, Any, Any], *, stutters: bool = False, counts: bool = True) -> None:
        """Make a step. What has failed once is not worth playing to its end."""
        sound, self.sound = self.sound, False
        self.crew.store.stutters = stutters
        self.runner.run(what)
        self.sound = sound
        Steps.made += counts

    def tell(
        self,
        *,
        letter: str = "a",
        older: int = 0,
        ahead: int = 0,
        times: int = 1,
        reason: str = "",
        **said: Any,
    ) -> None:
        """Tell of an event that has just happened, but `ahead`, and is so much older than others by its order."""
        cause = Cause(
            source="stripe", account="", event=f"{letter}{len(self.told)}", order=(OLDEST + len(self.told) - older) // self.alike,
            at=self.runner.run(self.crew.now()) + ahead, unresolved=reason, **said,
        )  # fmt: skip
        self.told.append(cause)
        self.step(self.play.accept(cause, times))

    def one(self, number: int, fits: Callable[[Worker], Any]) -> Worker:
        """One of the workers that fit."""
        found = [worker for worker in self.crew.workers if fits(worker)]
        return found[number % len(found)]

    def any_worker(self, fits: Callable[[Worker], Any]) -> bool:
        return any(fits(worker) for worker in self.crew.workers)

    @rule(workspace=workspaces)
    def somebody_works_it_all_off(self, workspace: str) -> None:
        self.step(self.play.work(workspace))

    @rule(seconds=st.sampled_from([10, 50, 90, 90, 200, 700]))
    def time_passes(self, seconds: int) -> None:
        self.step(self.crew.advance(seconds * 1000))

    @invariant()
    def the_desk_shows_what_the_books_say(self) -> None:
        self.step(self.play.check(), counts=False)

    def teardown(self) -> None:
        try:
            if self.sound:
                self.runner.run(self.play.end())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()


class Hours(Steps):
    """Two invoices of one workspace, newer and newer events, and workers who sleep and crash with their calls."""

    @rule(number=st.integers(1, 2), paid=st.booleans(), entries=few)
    def an_invoice_turns(self, number: int, paid: bool, entries: tuple[str, ...]) -> None:
        wanted = (Wanted(WORKSPACE, entries),) if paid else None
        self.tell(invoice=f"in_{number}", payment="", invoiced=paid, rank=0, wanted=wanted)

    @rule(size=st.integers(1, 3), at_once=st.booleans(), sleeps=st.booleans())
    def somebody_calls(self, size: int, at_once: bool, sleeps: bool) -> None:
        self.step(self.play.call(WORKSPACE, size=size, at_once=at_once))
        if sleeps:
            self.step(self.crew.advance(LEASE_MS + 1000))

    @rule(lands=st.booleans())
    def somebody_calls_in_vain(self, lands: bool) -> None:
        self.step(self.play.call_in_vain(WORKSPACE, answer="given up", lands=lands))

    @rule(
        number=st.integers(1, 2), paid=st.booleans(), entries=few,
        sleeps=st.sampled_from([True, True, False]), end=st.sampled_from(["given up", "taken", "dies"]), lands=st.booleans(),
    )  # fmt: skip
    def an_invoice_turns_while_a_call_is_on_its_way(
        self, number: int, paid: bool, entries: tuple[str, ...], sleeps: bool, end: str, lands: bool
    ) -> None:
        """Seldom met by chance, and worst if the caller sleeps and another has worked it all off meanwhile."""
        self.an_invoice_turns(number, paid, entries)
        self.step(self.play.call(WORKSPACE, size=3, at_once=False))
        if sleeps:
            self.step(self.crew.advance(LEASE_MS + 1000))
        self.an_invoice_turns(number, not paid, entries)
        if sleeps:
            self.step(self.play.work(WORKSPACE))
        for worker in [worker for worker in self.crew.workers if worker.call]:
            if end == "dies":
                self.step(self.play.crash(worker, lands=lands))
            else:
                self.step(self.play.answer(worker, end, lands=lands))

    @rule()
    def one_sleeps_and_another_takes_over(self) -> None:
        self.step(self.crew.take(WORKSPACE))
        self.step(self.crew.advance(LEASE_MS + 1000))
        self.step(self.crew.take(WORKSPACE))

    @precondition(lambda self: self.any_worker(lambda one: one.call))
    @rule(
        number=which,
        answer=st.sampled_from(["taken", "taken", "given up", "given up", "refused"]),
        lands=st.booleans(),
        stutters=st.booleans(),
    )
    def is_answered(self, number: int, answer: str, lands: bool, stutters: bool) -> None:
        worker = self.one(number, lambda one: one.call)
        self.step(self.play.answer(worker, answer, lands=lands), stutters=stutters)

    @precondition(lambda self: self.any_worker(lambda one: not one.call))
    @rule(number=which, handover=handovers, stutters=st.booleans())
    def gives_back(self, number: int, handover: Handover, stutters: bool) -> None:
        worker = self.one(number, lambda one: not one.call)
        self.step(self.crew.release(worker, handover), stutters=stutters)

    @precondition(lambda self: self.any_worker(lambda _: True))
    @rule(number=which, lands=st.booleans())
    def crashes(self, number: int, lands: bool) -> None:
        self.step(self.play.crash(self.one(number, lambda _: True), lands=lands))

    @rule(number=st.integers(1, 2))
    def a_person_drops(self, number: int) -> None:
        self.step(self.play.drop(f"stripe//in_{number}"))


class Papers(Steps):
    """Everything that the door and people can do; whoever works does it to the end."""

    alike = 3

    @rule(
        number=numbers, older=older, rank=st.sampled_from([0, 0, 0, 1, 5]), letter=st.sampled_from("az"),
        wanted=shown, ahead=moments, times=st.integers(1, 2), tells_payment=st.booleans(),
        reason=st.sampled_from(["", "", "", "", "broken references", "credited before: decide by hand"]),
        link=st.sampled_from(["", "", "", "link_1"]), number_too=st.booleans(),
    )  # fmt: skip
    def paid(
        self, *, number: int, tells_payment: bool, wanted: Any, link: str, number_too: bool, **said: Any
    ) -> None:
        places = None if wanted is None else tuple(Wanted(*one) for one in wanted.items())
        payment = f"pi_{number}" if tells_payment else ""
        shown: dict[str, Any] = {} if any((wanted or {}).values()) else {"link": link}
        if number_too:
            shown["number"] = f"no_{number}"
        self.tell(invoice=f"in_{number}", payment=payment, invoiced=True, wanted=places, **shown, **said)

    @rule(name=st.sampled_from(["in_1", "in_2", "link_1", "no_1"]), wanted=names | st.just({}))
    def what_it_stands_for_is_told(self, name: str, wanted: Any) -> None:
        self.step(self.play.link(name, wanted))

    @rule(
        number=numbers, older=older, rank=st.sampled_from([5, 5, 0]), letter=st.sampled_from("az"),
        wanted=st.sampled_from([None, None, ()]), ahead=moments, times=st.integers(1, 2),
        tells=st.sampled_from([("in", ""), ("in", ""), ("", "pi"), ("in", "pi")]),
        reason=st.sampled_from(["", "", "", "a part: decide by hand"]),
    )  # fmt: skip
    def taken_back(self, *, number: int, tells: tuple[str, str], **said: Any) -> None:
        invoice, payment = (name and f"{name}_{number}" for name in tells)
        self.tell(invoice=invoice, payment=payment, invoiced=False, **said)

    @rule(number=numbers)
    def tied(self, number: int) -> None:
        self.step(self.play.tie(tie(f"pi_{number}", f"in_{number}")))

    @precondition(lambda self: self.told)
    @rule(number=st.integers(0, 99))
    def told_again(self, number: int) -> None:
        self.step(self.play.accept(self.told[number % len(self.told)]))

    @precondition(lambda self: self.play.books.unresolved() or self.play.books.rejected())
    @rule(ref=refs, wanted=st.just({}) | names, decision=st.sampled_from(["", "paid", "reversed"]))
    def a_person_retries(self, ref: str, wanted: Any, decision: str) -> None:
        self.step(self.play.retry(ref, wanted, decision))

    @rule(ref=refs)
    def a_person_drops_anything(self, ref: str) -> None:
        self.step(self.play.drop(ref))

    @rule()
    def an_hour_passes(self) -> None:
        self.step(self.crew.advance(FAR + 1000))

    @rule(workspace=workspaces)
    def an_entry_is_refused(self, workspace: str) -> None:
        self.step(self.play.call_in_vain(workspace, answer="refused"))


class Everything(Hours, Papers):
    """All of these, and each step of a worker by itself."""

    alike = 3

    @rule(workspace=workspaces)
    def a_person_resumes(self, workspace: str) -> None:
        self.step(self.crew.resume(workspace))

    @rule(workspace=workspaces, stutters=st.booleans())
    def somebody_takes(self, workspace: str, stutters: bool) -> None:
        self.step(self.crew.take(workspace), stutters=stutters)

    @rule(workspace=workspaces, size=st.integers(1, 3), stutters=st.booleans())
    def somebody_begins(self, workspace: str, size: int, stutters: bool) -> None:
        self.step(self.crew.begin(workspace, size=size), stutters=stutters)

    @precondition(lambda self: self.any_worker(lambda one: not one.call))
    @rule(number=which, most=st.sampled_from([ALL, ALL, 1]), size=st.integers(1, 3), stutters=st.booleans())
    def plans(self, number: int, most: int, size: int, stutters: bool) -> None:
        worker = self.one(number, lambda one: not one.call)
        self.step(self.crew.plan(worker, most_entries=most, size=size), stutters=stutters)

    @precondition(lambda self: self.any_worker(lambda one: one.batches and not one.call))
    @rule(number=which, batch=which)
    def asks_for_a_permit(self, number: int, batch: int) -> None:
        self.step(self.crew.permit(self.one(number, lambda one: one.batches and not one.call), batch))

    @precondition(lambda self: self.any_worker(lambda one: one.permitted))
    @rule(number=which, at_once=st.booleans())
    def sends(self, number: int, at_once: bool) -> None:
        self.crew.send(self.one(number, lambda one: one.permitted), at_once=at_once)

    @precondition(lambda self: self.any_worker(lambda one: one.last))
    @rule(number=which)
    def settles_once_more(self, number: int) -> None:
        self.step(self.crew.repeat(self.one(number, lambda one: one.last)))


@pytest.mark.timeout(7200 if LONG else 600)
@pytest.mark.parametrize(
    ("steps", "most_claimed", "examples"),
    [(Hours, 2_000, 90), (Hours, 1, 40), (Papers, 2_000, 100), (Everything, 2_000, 60)],
    ids=["sleepers", "while claims are missing", "papers", "everything"],
)
def test_whatever_happens_in_whatever_order_clockify_is_in_the_end_as_the_invoices_say(
    store_url: str, monkeypatch: pytest.MonkeyPatch, steps: type[Steps], most_claimed: int, examples: int
) -> None:
    """With `most_claimed` of 1, claims are written one marking at a time, so that plans are made while some are missing."""
    monkeypatch.setattr("worker.ledger.hands.MOST_CLAIMED", most_claimed)
    monkeypatch.setattr(Steps, "url", store_url, raising=False)
    monkeypatch.setattr(Steps, "made", 0)
    run_state_machine_as_test(
        steps,
        settings=settings(
            max_examples=LONG or examples,
            stateful_step_count=60 if LONG else 30,
            derandomize=not LONG,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    sys.stdout.write(f"{Steps.made} steps\n")
