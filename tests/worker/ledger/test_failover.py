"""A store that fails over: what was acknowledged is still there, and our processes go on without a restart.

Real servers: a primary, its replicas, a sentinel.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import RedisError, ResponseError

from bench.ports import free_port
from tests.conditions import wait_until
from tests.own_store import OwnStore, own_store
from tests.service import Service, entry, service
from tests.worker.ledger.cluster import NAME, Sentinel, cluster, said, standing_still, watched
from tests.worker.worlds import bench, ids, opened, paid, peculiar, taken_back, tie
from worker.ending import end
from worker.ledger import Desk, Intake, Keeping, StoreInDoubtError, connect
from worker.ledger.intake import Rules
from worker.ledger.sentinel import NoPrimaryError
from worker.ledger.store import NotPrimaryError
from worker.marking import Verdict

A, B = ids(2)


def url_of(*sentinels: Sentinel, gone: int | None = None) -> str:
    """The URL of the store that sentinels watch; `gone` is the port of one that is not there."""
    ports = ([gone] if gone else []) + [one.port for one in sentinels]
    return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/{NAME}/0"


@asynccontextmanager
async def accepting(
    url: str, *, replicas: int, durable: bool = True, patience: float = 2.0
) -> AsyncIterator[Intake]:
    """The receiver's way to the store, as it is composed."""
    store = connect(url, durable=durable, patience=patience, retries=1, replicas=replicas)
    intake = Intake(store, Keeping(), Rules(deadline=patience * 2))
    running = asyncio.create_task(intake.run())
    try:
        yield intake
    finally:
        await end(running)
        await store.aclose()


async def taken(intake: Intake, invoice: str) -> bool:
    """Whether the store takes an invoice now."""
    try:
        return await intake.accept(paid(invoice, 1, A)) in (Verdict.ACCEPTED, Verdict.KNOWN)
    except StoreInDoubtError:
        return False


async def has(store: OwnStore, *invoices: str) -> bool:
    """Whether a server has all of these invoices. A replica is asked for keys: it would refuse the desk."""
    async with store.client() as client:
        found: int = await client.exists(*(f"paidmark:invoice:stripe//{one}" for one in invoices))
    return found == len(invoices)


async def is_primary(store: OwnStore) -> bool:
    """Whether a server takes writes. The sentinel cuts all connections when it changes that."""
    async with store.client() as client:
        try:
            return bool((await client.info("replication"))["role"] == "master")
        except StoreConnectionError:
            return False


async def follow(store: OwnStore, port: int) -> None:
    """Have a server become a replica of the one at `port`."""
    async with store.client() as client:
        await said(client, "REPLICAOF", "127.0.0.1", port)


class Sender:
    """A billing system under way with `count` invoices: it sends each until it is acknowledged, and then never again."""

    def __init__(self, to: Service, count: int) -> None:
        self.to = to
        self.left = list(range(count))
        self.acknowledged: list[int] = []
        self.postponed = 0

    async def send(self) -> None:
        """Send until all are acknowledged, eight at a time."""
        await asyncio.gather(*(self._one_after_another() for _ in range(8)))

    async def _one_after_another(self) -> None:
        while self.left:
            number = self.left.pop()
            status = await self.to.stripe(
                "invoice.paid", f"in_{number}", [entry(number)], event=f"evt_{number}"
            )
            if status == 200:
                self.acknowledged.append(number)
            else:
                assert status == 503
                self.postponed += 1
                self.left.append(number)


async def test_nothing_acknowledged_is_lost_with_the_primary_and_no_process_is_restarted(
    tmp_path: Path,
) -> None:
    """Between the failover and a new replica, one server has everything, and acknowledges nothing more."""
    async with (
        cluster(tmp_path) as stores,
        watched(stores, tmp_path) as sentinel,
        service(
            url_of(sentinel, gone=free_port()), PAIDMARK_STORE_REPLICAS="1", PAIDMARK_CLOCKIFY_TIMEOUT="2"
        ) as running,
    ):
        (replica,) = stores.replicas
        sender = Sender(running, 400)
        sending = asyncio.create_task(sender.send())
        await wait_until(lambda: len(sender.acknowledged) > 100, because="nothing was acknowledged")
        await stores.primary.kill()
        before = set(sender.acknowledged)
        await wait_until(lambda: is_primary(replica), within=20, because="the sentinel did not fail over")

        await stores.primary.start()  # as it was: a primary, as it believes
        async with accepting(stores.primary.url, replicas=1, patience=0.5) as misled:
            with pytest.raises(StoreInDoubtError):
                await misled.accept(paid("in_late", 1, A))
        await follow(stores.primary, replica.port)
        await asyncio.wait_for(sending, 30)
        await running.settled()

        assert 100 < len(before) < 400
        assert sender.postponed > 0
        records = await running.desk.show_each([f"stripe//in_{number}" for number in range(400)])
        assert [number for number, one in enumerate(records) if one is None] == []
        assert all(running.invoiced(*(entry(number) for number in range(400))))
        assert await running.desk.show("stripe//in_late") is None


async def test_a_failover_that_is_ordered_is_followed(tmp_path: Path) -> None:
    async with cluster(tmp_path, 2) as stores, watched(stores, tmp_path) as sentinel:
        async with accepting(url_of(sentinel), replicas=1) as intake:
            assert await intake.accept(paid("in_1", 1, A)) is Verdict.ACCEPTED
            await wait_until(sentinel.fail_over, within=15, because="the sentinel does not know the replica")

            async def moved() -> bool:
                return (await sentinel.state()).get(b"port") != str(stores.primary.port).encode()

            await wait_until(moved, within=15, because="the sentinel did not fail over")
            await wait_until(lambda: taken(intake, "in_2"), within=15, because="it was not followed")
            assert intake.watermark.loss is None
        assert await has(stores.replicas[0], "in_1", "in_2")
        assert await has(stores.replicas[1], "in_1", "in_2")


async def test_without_its_replica_a_primary_acknowledges_nothing_and_with_it_goes_on(tmp_path: Path) -> None:
    async with (
        cluster(tmp_path) as stores,
        service(stores.primary.url, PAIDMARK_STORE_REPLICAS="1") as running,
    ):
        with standing_still(*stores.replicas):
            assert await running.stripe("invoice.paid", "in_1", [entry(1)], event="evt_1") == 503

        async def acknowledged() -> bool:
            return await running.stripe("invoice.paid", "in_1", [entry(1)], event="evt_1") == 200

        await wait_until(acknowledged, because="it did not go on")
        await running.settled()
        assert running.invoiced(entry(1)) == [True]
        assert await has(stores.replicas[0], "in_1")


async def test_what_is_lacking_is_said(tmp_path: Path) -> None:
    async with cluster(tmp_path) as stores:
        with standing_still(*stores.replicas):
            async with accepting(stores.primary.url, replicas=1, patience=0.5) as intake:
                for what in (intake.accept(paid("in_1", 1, A)), intake.tie(tie("pi_1", "in_1"))):
                    with pytest.raises(StoreInDoubtError, match="0 of 1 replicas have it on disk"):
                        await what
                assert intake.watermark.highest == 0, "what is not confirmed may be gone after a failover"


async def test_a_pipeline_is_confirmed_once_whatever_is_in_it(tmp_path: Path) -> None:
    async with cluster(tmp_path) as stores, accepting(stores.primary.url, replicas=1) as intake:
        await intake.accept(paid("in_0", 1, A))
        causes = [paid(f"in_{number}", 1, A) for number in range(200)]
        began = time.monotonic()
        verdicts = await asyncio.gather(*(intake.accept(cause) for cause in causes))
        took = time.monotonic() - began

        async with stores.primary.client() as client:
            asked = (await client.info("commandstats"))["cmdstat_waitaof"]["calls"]
        assert set(verdicts) == {Verdict.ACCEPTED, Verdict.KNOWN}
        assert asked < 20
        assert took < 1, "WAITAOF alone waits for a replica's next report, once a second"


async def test_a_connection_lost_while_replicas_are_awaited_repeats_events_with_the_question(
    tmp_path: Path,
) -> None:
    async with cluster(tmp_path) as stores, accepting(stores.primary.url, replicas=1) as intake:
        await intake.accept(paid("in_1", 1, A))
        async with stores.primary.client() as client:

            async def waiting() -> bool:
                return bool((await client.info("clients"))["blocked_clients"])

            with standing_still(*stores.replicas):
                answer = asyncio.create_task(intake.accept(paid("in_2", 1, B)))
                await wait_until(waiting, because="the replica was not awaited")
                await said(client, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                await wait_until(waiting, because="the question was not repeated")
        assert await answer is Verdict.KNOWN
        assert await has(stores.replicas[0], "in_1", "in_2")


async def test_a_replica_without_a_disk_confirms_nothing_unless_the_store_is_trusted(tmp_path: Path) -> None:
    async with own_store(tmp_path / "primary", "--repl-diskless-sync-delay", "0") as primary:
        forgetful = ("--appendonly", "no", "--replicaof", "127.0.0.1", str(primary.port))
        async with own_store(tmp_path / "replica", *forgetful) as replica:
            async with accepting(primary.url, replicas=1, durable=False) as intake:
                await wait_until(lambda: taken(intake, "in_1"), within=20, because="it has not received it")
                assert await has(replica, "in_1")
            async with accepting(primary.url, replicas=1, patience=0.5) as intake:
                with pytest.raises(StoreInDoubtError, match="0 of 1 replicas have it on disk"):
                    await intake.accept(paid("in_2", 1, A))
        async with accepting(primary.url, replicas=1, durable=False, patience=0.5) as intake:
            with pytest.raises(StoreInDoubtError, match="0 of 1 replicas have received it"):
                await intake.accept(paid("in_3", 1, A))


async def test_a_store_that_cannot_ask_its_replicas_acknowledges_nothing(tmp_path: Path) -> None:
    async with (
        own_store(tmp_path / "old", "--rename-command", "WAITAOF", "") as store,
        accepting(store.url, replicas=1, patience=0.5) as intake,
    ):
        with pytest.raises(StoreInDoubtError, match=r"needs Redis 7\.2 or newer, or Valkey"):
            await intake.accept(paid("in_1", 1, A))
    async with own_store(tmp_path / "guarded") as store, store.client() as client:
        await said(client, "ACL", "SETUSER", "default", "-waitaof")
        async with accepting(store.url, replicas=1, patience=0.5) as intake:
            with pytest.raises(StoreInDoubtError, match=r"the replicas cannot be asked: .*waitaof"):
                await intake.accept(paid("in_1", 1, A))


async def test_a_failover_that_has_lost_accepts_is_noticed_and_said(tmp_path: Path) -> None:
    port = free_port()
    async with (
        cluster(tmp_path) as stores,
        watched(stores, tmp_path) as sentinel,
        service(url_of(sentinel), PAIDMARK_OPS_PORT=str(port)) as running,
    ):
        for number in range(4):
            assert await running.stripe("invoice.paid", f"in_{number}", [entry(number)]) == 200
        await wait_until(lambda: has(stores.replicas[0], "in_3"), because="the replica did not follow")
        await follow(stores.replicas[0], free_port())  # a replica still, that gets nothing more
        for number in range(4, 7):
            assert await running.stripe("invoice.paid", f"in_{number}", [entry(number)]) == 200
        await stores.primary.kill()

        async def acknowledged() -> bool:
            return await running.stripe("invoice.paid", "in_8", [entry(8)], event="evt_8") == 200

        with structlog.testing.capture_logs() as logged:
            await wait_until(acknowledged, within=20, because="the service did not go on")
        async with running.session.get(f"http://127.0.0.1:{port}/readyz") as response:
            assert response.status == 503
            assert "the store has lost 3 accepted events" in await response.text()
        assert [line["loss"].missing for line in logged if line["event"] == "store.went_back"] == [3]


async def test_a_replica_is_refused(tmp_path: Path) -> None:
    async with cluster(tmp_path) as stores:
        client = connect(stores.replicas[0].url, retries=0)
        with pytest.raises(NotPrimaryError, match="is a replica"):
            await Desk(client, Keeping()).figures()
        await client.aclose()


async def test_a_primary_that_has_become_a_replica_is_left(tmp_path: Path) -> None:
    async with (
        own_store(tmp_path) as store,
        accepting(store.url, replicas=0) as intake,
        store.client() as client,
    ):
        assert await intake.accept(paid("in_1", 1, A)) is Verdict.ACCEPTED
        await follow(store, free_port())
        with pytest.raises(StoreInDoubtError, match="read only replica"):
            await intake.accept(paid("in_2", 1, A))
        with pytest.raises(StoreInDoubtError, match="the store is a replica"):
            await intake.accept(paid("in_2", 1, A))
        await said(client, "REPLICAOF", "NO", "ONE")

        assert await intake.accept(paid("in_2", 1, A)) is Verdict.ACCEPTED


async def test_the_newest_configuration_of_all_sentinels_counts(tmp_path: Path) -> None:
    async with own_store(tmp_path / "old") as old, own_store(tmp_path / "new") as new:
        epochs = ((old, 3), (new, 7), (old, 5))
        watching = [
            Sentinel(tmp_path / f"sentinel-{n}", store, (f"sentinel config-epoch {NAME} {epoch}",))
            for n, (store, epoch) in enumerate(epochs)
        ]
        for one in watching:
            one.start()
        try:
            for one in watching:
                await wait_until(one.state, because="a sentinel did not start")
            client = connect(url_of(*watching))
            await client.set("who", "the new one")
            await client.aclose()
        finally:
            for one in watching:
                one.kill()
        async with new.client() as asked:
            assert await asked.get("who") == b"the new one"


async def test_sentinels_and_store_have_passwords_of_their_own(tmp_path: Path) -> None:
    async with own_store(tmp_path / "store", "--requirepass", "of@the/store") as store:
        settings = ("requirepass of&the@sentinel", f"sentinel auth-pass {NAME} of@the/store")
        sentinel = Sentinel(tmp_path / "sentinel", store, settings)
        sentinel.start()
        try:
            await wait_until(lambda: sentinel.state("of&the@sentinel"), because="the sentinel did not start")
            place = f"127.0.0.1:{sentinel.port}/{NAME}"
            right = f"redis+sentinel://:of%40the%2Fstore@{place}/1?sentinel_password=of%26the%40sentinel"
            client = connect(right)
            await client.set("here", "1")
            assert client.connection_pool.connection_kwargs["db"] == 1
            await client.aclose()
            client = connect(
                f"redis+sentinel://:of%40the%2Fstore@{place}/1?sentinel_password=wr0ng", retries=0
            )
            with pytest.raises(StoreConnectionError) as caught:
                await client.ping()
            await client.aclose()
        finally:
            sentinel.kill()
    assert isinstance(caught.value.__cause__, NoPrimaryError)
    assert "wr0ng" not in str(caught.value)
    assert f"127.0.0.1:{sentinel.port} does not tell" in str(caught.value)


async def test_a_name_that_no_sentinel_knows_is_said(tmp_path: Path) -> None:
    async with own_store(tmp_path / "store") as store:
        sentinel = Sentinel(tmp_path / "sentinel", store)
        sentinel.start()
        try:
            await wait_until(sentinel.state, because="the sentinel did not start")
            async with accepting(url_of(sentinel).replace(NAME, "other"), replicas=0) as intake:
                with pytest.raises(
                    StoreInDoubtError, match=f"primary of 'other': 127.0.0.1:{sentinel.port} knows no"
                ):
                    await intake.accept(paid("in_1", 1, A))
        finally:
            sentinel.kill()


async def test_a_worker_that_is_cut_off_with_an_old_primary_calls_nothing(tmp_path: Path) -> None:
    """With the settings that the README asks for: what was done since must not be undone from there."""
    lag = ("--min-replicas-to-write", "1", "--min-replicas-max-lag", "1")
    async with cluster(tmp_path, 1, *lag) as stores, peculiar() as clockify:
        (replica,) = stores.replicas
        async with opened(stores.primary.url) as old, bench(old, url=clockify.url) as cut_off:
            await old.intake.accept(paid("in_1", 1, A))
            await wait_until(lambda: has(replica, "in_1"), because="the replica did not follow")
            async with replica.client() as client:
                await said(client, "REPLICAOF", "NO", "ONE")
                await said(client, "CONFIG", "SET", "min-replicas-to-write", 0)
            await wait_until(lambda: takes_no_writes(stores.primary), because="the old primary goes on")
            async with opened(replica.url) as new, bench(new, url=clockify.url) as followed:
                await new.intake.accept(taken_back("in_1", 2))
                await followed.drain()
            assert clockify.sent == [(A,)]

            with pytest.raises(RedisError, match="NOREPLICAS"):
                await cut_off.drain()

            assert clockify.sent == [(A,)]


async def takes_no_writes(store: OwnStore) -> bool:
    """Whether a primary misses its replicas."""
    async with store.client() as client:
        try:
            await client.incr("clusters:ready")
        except ResponseError:
            return True
    return False
