"""The import law. Imports go one way, the pure parts do no I/O, and each process loads only its half."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FACES_THE_INTERNET = "webhooks.__main__"
IO = {
    "aiohttp",
    "arq",
    "asyncio",
    "http",
    "os",
    "redis",
    "requests",
    "socket",
    "subprocess",
    "urllib.request",
    "uvloop",
}
CLOCKS_AND_CHANCE = {"random", "secrets", "time"}
PURE = {
    "webhooks.addresses", "webhooks.delivery", "webhooks.events", "webhooks.places", "webhooks.references", "webhooks.resolve", "webhooks.signatures", "webhooks.demo.script",
    "worker.batches", "worker.entries", "worker.marking", "worker.outcome", "worker.sentinels", "worker.tally", "worker.trial",
    "worker.ledger.records", "worker.ledger.watermark", "worker.reports.timesheet", "webhooks.checks.finding", "webhooks.checks.store_facts",
}  # fmt: skip


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    module_name(path): path for folder in ("worker", "webhooks") for path in (ROOT / folder).rglob("*.py")
}


def imports(name: str) -> set[str]:
    """Everything that a module imports, lazily or not; modules of ours by their full name."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            stem = node.module or ""
            found |= {full if (full := f"{stem}.{alias.name}") in MODULES else stem for alias in node.names}
    return found


GRAPH = {name: imports(name) for name in MODULES}


def reached(start: str) -> set[str]:
    """The modules of ours that a module imports, directly or not."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        for target in GRAPH[todo.pop()] & MODULES.keys() - seen:
            seen.add(target)
            todo.append(target)
    return seen


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.split(".")[0] == "worker"))
def test_the_worker_has_never_heard_of_webhooks(name: str) -> None:
    assert not {target for target in GRAPH[name] if target.split(".")[0] == "webhooks"}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_that_is_installed_needs_the_proofs_or_the_tests(name: str) -> None:
    assert not {target for target in GRAPH[name] if target.split(".")[0] in {"bench", "tests"}}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_no_module_is_in_a_cycle(name: str) -> None:
    assert name not in reached(name)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("webhooks.sources")))
def test_a_source_imports_neither_input_nor_output_nor_the_worker(name: str) -> None:
    assert not {
        target
        for target in GRAPH[name]
        if target in IO | CLOCKS_AND_CHANCE or target.split(".")[0] == "worker"
    }


@pytest.mark.parametrize("name", sorted(PURE))
def test_what_is_pure_does_no_input_or_output(name: str) -> None:
    assert not GRAPH[name] & (IO | CLOCKS_AND_CHANCE - {"random" if name.endswith("script") else ""})


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("webhooks.sources")))
def test_what_a_source_reaches_of_ours_is_pure_as_well(name: str) -> None:
    outside = {one for one in reached(name) if not one.startswith("webhooks.sources")} - {"webhooks"}
    assert outside <= PURE


def test_only_the_ledger_names_keys_of_the_store() -> None:
    naming = {
        name
        for name, path in MODULES.items()
        if not name.startswith("worker.ledger")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("paidmark:", "arq:"))
    }
    assert naming == set()


def loaded_by(module: str) -> set[str]:
    """The modules that a process has loaded once it has imported `module`."""
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
    )


def test_the_process_that_faces_the_internet_never_loads_the_clockify_client() -> None:
    assert not {"worker.clockify", "worker.drain", "worker.reports", "worker.app"} & loaded_by(
        FACES_THE_INTERNET
    )


def test_the_command_line_loads_neither_half_until_it_is_asked_to_run_one() -> None:
    assert not {"worker.clockify", "webhooks.receive", "worker.sandbox"} & loaded_by("webhooks.cli")


def test_the_worker_process_loads_nothing_of_webhooks() -> None:
    assert not {name for name in loaded_by("worker.__main__") if name.split(".")[0] == "webhooks"}
