"""`paidmark check` on a store with replicas and a sentinel, of real servers."""

import asyncio
import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from bench.ports import free_port
from tests.worker.ledger.cluster import NAME, cluster, watched
from webhooks.commands.check import check

app = typer.Typer()
app.command()(check)


async def checked(url: str, **env: str) -> dict[str, tuple[str, str]]:
    """Mark, and text with advice, by what they are about."""
    said = await asyncio.to_thread(
        lambda: CliRunner().invoke(
            app, ["--json"], env={"PAIDMARK_REDIS_URL": url, **env}, catch_exceptions=False
        )
    )
    found = json.loads(said.stdout)["findings"]
    return {one["about"]: (one["mark"], f"{one['text']}; {one['advice']}") for one in found}


async def test_a_store_with_a_replica_and_a_sentinel_is_told(tmp_path: Path) -> None:
    async with (
        cluster(tmp_path, 1, "--min-replicas-to-write", "1") as stores,
        watched(stores, tmp_path) as sentinel,
    ):
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/{NAME}/0"
        enough = await checked(url, PAIDMARK_STORE_REPLICAS="1")
        lacking = await checked(url, PAIDMARK_STORE_REPLICAS="2")
        unset = await checked(url)
        other = await checked(stores.replicas[0].url)

    assert enough["store"] == ("ok", f"answers at {url}, now 127.0.0.1:{stores.primary.port}; ")
    assert enough["store replicas"][0] == "ok"
    assert "store primary" not in enough
    assert lacking["store replicas"][0] == "wrong"
    assert unset["store replicas"][0] == "warning"
    assert other["store role"] == (
        "wrong",
        "a replica: it takes no writes; let PAIDMARK_REDIS_URL name the primary",
    )


async def test_a_store_that_no_sentinel_can_name_is_wrong() -> None:
    found = await checked(f"redis+sentinel://:a-password@127.0.0.1:{free_port()}/{NAME}/0")
    mark, said = found["store"]

    assert mark == "wrong"
    assert "no sentinel names a primary of 'mymaster'" in said
    assert "are the sentinels running" in said
    assert "a-password" not in said
