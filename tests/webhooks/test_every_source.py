"""Every kind of source, all the way: set in a file, played by `paidmark send`, marked at Clockify, and taken back."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from tests.conditions import wait_until
from tests.service import WORKSPACE, Service, entry, service
from tests.webhooks.deliveries import Case, case
from webhooks.cli import app
from webhooks.sources import KINDS
from webhooks.sources.kind import Kind

HOURS = [entry("hour 1"), entry("hour 2")]
SIGNED_BY_THE_VENDOR_ALONE = {"paypal"}
played = pytest.mark.parametrize(
    "kind",
    [kind for name, kind in KINDS.items() if name not in SIGNED_BY_THE_VENDOR_ALONE],
    ids=lambda k: k.name,
)


def toml(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def settings(one: Case, kind: Kind) -> str:
    """The table of a source, as the contract test has it."""
    options = one.options
    table: dict[str, Any] = {"kind": kind.name, "secrets": [one.secret], "workspace": WORKSPACE}
    table |= {name: value for name in ("url", "header", "in_full") if (value := getattr(options, name))}
    table |= {"paths": dict(options.paths)} if options.paths else {}
    table |= {"signature": asdict(options.scheme)} if options.scheme else {}
    for meaning in ("issued", "paid", "refunded", "reversed"):
        types = [name for name, means in options.types if means == meaning]
        table |= {meaning: types} if types else {}
    return "[sources.billing]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in table.items())


async def send(config: Path, url: str, *arguments: str) -> Result:
    environ = {"PAIDMARK_CONFIG": str(config)}
    command = ["send", "billing", "--url", url, "--invoice", "in_1", "--entries", " ".join(HOURS), *arguments]
    return await asyncio.to_thread(CliRunner(env=environ).invoke, app, command)


async def become(paidmark: Service, invoiced: bool) -> None:
    async def are_so() -> bool:
        return paidmark.invoiced(*HOURS) == [invoiced, invoiced]

    await wait_until(are_so, within=10, because=f"the entries did not become {invoiced}")


@played
async def test_a_source_is_set_played_and_its_entries_are_marked_and_taken_back(
    store: Redis, store_url: str, tmp_path: Path, kind: Kind
) -> None:
    config = tmp_path / "paidmark.toml"
    config.write_text(settings(case(kind), kind))
    async with service(store_url, PAIDMARK_CONFIG=str(config), PAIDMARK_LINK_TOKENS="a-token") as paidmark:
        if kind.about.room == 0:
            body = {"workspace_id": WORKSPACE, "time_entry_ids": HOURS}
            headers = {"Authorization": "Bearer a-token"}
            async with paidmark.session.put(
                f"{paidmark.url}/invoices/billing/in_1", json=body, headers=headers
            ) as response:
                assert response.status == 200
        said = await send(config, paidmark.url)
        assert said.exit_code == 0, said.output
        await become(paidmark, invoiced=True)
        if kind.name == "killbill":
            return  # what takes its payments back is for a person
        said = await send(config, paidmark.url, "--reverse")
        assert said.exit_code == 0, said.output
        await become(paidmark, invoiced=False)


async def test_what_only_the_vendor_can_sign_is_said_to_be_so(tmp_path: Path) -> None:
    kind = KINDS["paypal"]
    config = tmp_path / "paidmark.toml"
    config.write_text(settings(case(kind), kind))

    said = await send(config, "http://127.0.0.1:9")

    assert said.exit_code == 2
    assert "cannot be played" in said.stderr
