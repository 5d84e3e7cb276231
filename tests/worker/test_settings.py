"""The worker's settings: from the environment and a file, every mistake at once, no secret ever shown."""

import subprocess
import sys
from pathlib import Path

import pytest
from arq.utils import import_string
from pydantic import ValidationError

from worker import settings as module
from worker.settings import HandsSettings, RateLimit, SettingsError, StoreSettings, load, redacted

ONE, OTHER = "64a687e29ae1f428e7ebe303", "25b687e29ae1f428e7ebe123"


def hands(**environ: str) -> HandsSettings:
    return load(HandsSettings, {f"PAIDMARK_{name}": value for name, value in environ.items()})


def mistakes(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        hands(**environ)
    return caught.value.mistakes


def toml(folder: Path, text: str) -> str:
    path = folder / "paidmark.toml"
    path.write_text(text)
    return str(path)


def test_nothing_has_to_be_set() -> None:
    settings = hands()

    assert settings == HandsSettings()
    assert (settings.ops_port, settings.redis_url, settings.rate_limit) == (8082, None, RateLimit(50, 1))


def test_values_are_of_the_kind_that_the_process_needs() -> None:
    settings = hands(
        REDIS_URL="redis://store:6379/0",
        DATA="/var/lib/paidmark",
        RATE_LIMIT="30/h",
        CLOCKIFY_TIMEOUT="2.5",
        RETRY_CAP="1m",
        KEEP_EVENTS="7d",
        BATCH_SIZE="50",
        DRY_RUN="yes",
        WORKSPACE=ONE,
        LOG_LEVEL="WARNING",
    )

    assert settings == HandsSettings(
        redis_url="redis://store:6379/0",
        data=Path("/var/lib/paidmark"),
        rate_limit=RateLimit(30, 3600),
        clockify_timeout=2.5,
        retry_cap=60.0,
        keep_events=604800.0,
        batch_size=50,
        dry_run=True,
        workspace=ONE,
        log_level="warning",
    )


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        hands().batch_size = 1  # type: ignore[misc] # that is the point


def test_settings_made_by_hand_read_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIDMARK_BATCH_SIZE", "7")

    assert HandsSettings().batch_size == 200
    assert load(HandsSettings).batch_size == 7


def test_an_empty_variable_is_none_at_all() -> None:
    assert hands(BATCH_SIZE="", REDIS_URL="") == HandsSettings()


def test_variables_of_other_programs_are_none_of_ours() -> None:
    assert load(HandsSettings, {"HOME": "/", "BATCH_SIZE": "x", "NO_COLOR": "1"}) == HandsSettings()


def test_every_mistake_is_reported_at_once_by_the_name_that_was_written(tmp_path: Path) -> None:
    path = toml(tmp_path, 'rate_limit = "often"\nin_flight = 0\nbatchsize = 3\n')

    found = mistakes(
        CONFIG=path, BATCH_SIZE="many", CLOCKIFY_TIMEOUT="3600", LOGLEVEL="info", WORKSPACE="mine"
    )

    assert found == (
        "PAIDMARK_LOGLEVEL: no such setting; did you mean PAIDMARK_LOG_LEVEL?",
        f"`batchsize` in {path}: no such setting; did you mean batch_size?",
        "PAIDMARK_WORKSPACE: should be the id of a workspace: 24 letters and digits",
        "PAIDMARK_CLOCKIFY_TIMEOUT: should be less than or equal to 30",
        f"`rate_limit` in {path}: should be calls in a time, like 50/s or 30/h",
        "PAIDMARK_BATCH_SIZE: should be a whole number",
        f"`in_flight` in {path}: should be greater than or equal to 1",
    )


def test_the_message_counts_the_mistakes_and_gives_each_a_line() -> None:
    with pytest.raises(SettingsError) as caught:
        hands(BATCH_SIZE="0", IN_FLIGHT="0")

    assert str(caught.value).splitlines() == [
        "2 mistake(s) in the settings:",
        "  PAIDMARK_BATCH_SIZE: should be greater than or equal to 1",
        "  PAIDMARK_IN_FLIGHT: should be greater than or equal to 1",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_LIMIT", "0/s"),
        ("RATE_LIMIT", "5/0s"),
        ("RATE_LIMIT", "5"),
        ("RETRY_CAP", "soon"),
        ("RETRY_CAP", "0"),
        ("RETRY_CAP", "inf"),
        ("KEEP_EVENTS", "30"),
        ("CLOCKIFY_URL", "api.clockify.me/api"),
        ("CLOCKIFY_URL", "https://"),
        ("CLOCKIFY_URL", "https://host:port/api"),
        ("CLOCKIFY_URL", "https://key@api.clockify.me/api"),
        ("CLOCKIFY_URL", "https://api.clockify.me/api/v1/"),
        ("CLOCKIFY_URL", "https://api.clockify.me/api?x=1"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "unix://?db=0"),
        ("REDIS_URL", "redis://host:port"),
        ("REDIS_URL", "redis://host:6379/0?nonsense=1"),
        ("OPS_PORT", "65536"),
        ("CLOCKIFY_API_KEY", "{"),
        ("CLOCKIFY_API_KEY", "{}}"),
        ("CLOCKIFY_API_KEY", '{"mine": "key"}'),
        ("CLOCKIFY_API_KEY", f'{{"{ONE}": 5}}'),
        ("CLOCKIFY_API_KEY", " "),
        ("STORE_DURABILITY", "maybe"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_value_of_another_shape_is_a_mistake(name: str, value: str) -> None:
    (mistake,) = mistakes(**{name: value})

    assert mistake.startswith(f"PAIDMARK_{name}: ")
    assert "should be" in mistake or "should end" in mistake


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("50/s", RateLimit(50, 1)),
        ("600/m", RateLimit(600, 60)),
        ("1/10s", RateLimit(1, 10)),
        ("9/2d", RateLimit(9, 172800)),
    ],
)
def test_a_rate_is_calls_in_a_time(text: str, limit: RateLimit) -> None:
    assert RateLimit.parse(text) == limit
    assert RateLimit.parse(str(limit)) == limit


def test_one_key_is_for_every_workspace() -> None:
    assert hands(CLOCKIFY_API_KEY=" key\n").credential(ONE) == ("X-Api-Key", "key")


def test_a_workspace_may_have_a_key_of_its_own() -> None:
    settings = hands(CLOCKIFY_API_KEY=f'{{"{ONE}": "first", "*": "rest"}}')

    assert settings.credential(ONE) == ("X-Api-Key", "first")
    assert settings.credential(OTHER) == ("X-Api-Key", "rest")


def test_a_workspace_without_a_key_has_none() -> None:
    assert hands(CLOCKIFY_API_KEY=f'{{"{ONE}": "first"}}').credential(OTHER) is None


def test_a_token_of_its_own_goes_before_a_key_for_all() -> None:
    settings = hands(CLOCKIFY_API_KEY="key", CLOCKIFY_ADDON_TOKEN=f'{{"{ONE}": "token"}}')

    assert settings.credential(ONE) == ("X-Addon-Token", "token")
    assert settings.credential(OTHER) == ("X-Api-Key", "key")


@pytest.mark.parametrize(
    ("form", "whose"), [("{}", "every workspace"), (f'{{{{"{ONE}": "{{}}"}}}}', f"workspace {ONE}")]
)
def test_key_and_token_for_the_same_workspace_are_a_mistake(form: str, whose: str) -> None:
    (mistake,) = mistakes(CLOCKIFY_API_KEY=form.format("kkk"), CLOCKIFY_ADDON_TOKEN=form.format("ttt"))

    assert mistake == (
        f"PAIDMARK_CLOCKIFY_ADDON_TOKEN: is set for {whose}, and so is PAIDMARK_CLOCKIFY_API_KEY: "
        "Clockify wants one of the two"
    )


def test_a_key_below_the_name_of_the_setting_is_a_mistake() -> None:
    assert mistakes(CLOCKIFY_API_KEY__MINE="s3cret")[0] == (
        "PAIDMARK_CLOCKIFY_API_KEY__MINE: no such setting; did you mean PAIDMARK_CLOCKIFY_API_KEY?"
    )


def test_no_representation_shows_a_secret() -> None:
    settings = hands(
        REDIS_URL="redis://user:s3cret@store/0",
        CLOCKIFY_API_KEY="s3cret",
        CLOCKIFY_ADDON_TOKEN=f'{{"{ONE}": "s3cret"}}',
    )

    for shown in (
        repr(settings),
        str(settings),
        f"{settings.credential(ONE)!r}",
        f"{settings.credential(OTHER)}",
    ):
        assert "s3cret" not in shown
    assert "redis://***@store/0" in repr(settings)
    assert settings.redis_url == "redis://user:s3cret@store/0"


def test_no_message_shows_a_secret(tmp_path: Path) -> None:
    path = toml(
        tmp_path, 'clockify_api_key = ["s3cret"]\nclockify_addon_token = {s3cret = 1}\nredis_url = "s3cret"\n'
    )

    with pytest.raises(SettingsError) as caught:
        load(
            HandsSettings,
            {"PAIDMARK_CONFIG": path, "PAIDMARK_WORKSPACE": "s3cret", "PAIDMARK_RATE_LIMIT": "s3cret"},
        )

    assert len(caught.value.mistakes) == 5
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://store:6379/0", "redis://store:6379/0"),
        ("redis://user:p@ss/word@store:6379/0", "redis://***@store:6379/0"),
        ("redis://:pass@store", "redis://***@store"),
        ("unix:///run/store.sock?db=0&password=pass", "unix:///run/store.sock?db=0&password=***"),
        ("rediss://store?username=me&password=pass&db=1", "rediss://store?username=***&password=***&db=1"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert redacted(url) == shown


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    path = toml(tmp_path, 'batch_size = 7\nin_flight = 3\nrate_limit = "30/h"\nretry_cap = 5\n')

    settings = hands(CONFIG=path, BATCH_SIZE="9")

    assert (settings.batch_size, settings.in_flight, settings.rate_limit.count, settings.retry_cap) == (
        9,
        3,
        30,
        5.0,
    )


def test_keys_by_workspace_may_stand_in_a_file_as_a_table(tmp_path: Path) -> None:
    settings = hands(CONFIG=toml(tmp_path, f'[clockify_api_key]\n{ONE} = "key"\n'))

    assert settings.credential(ONE) == ("X-Api-Key", "key")


def test_the_receivers_part_of_a_file_is_not_looked_at(tmp_path: Path) -> None:
    path = toml(tmp_path, 'port = "nonsense"\nbatch_size = 7\n[sources.shop-a]\nsecretz = "s3cret"\n')

    settings = hands(CONFIG=path)

    assert settings.batch_size == 7
    assert "s3cret" not in repr(vars(settings))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read {path}: No such file or directory"),
        (b"x = ", "{path} is no TOML: "),
        (b"\xff", "{path} is no TOML: "),
    ],
)
def test_a_file_that_cannot_be_read_is_one_mistake_among_others(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "paidmark.toml"
    if content is not None:
        path.write_bytes(content)

    found = mistakes(CONFIG=str(path), BATCH_SIZE="0")

    assert found[0].startswith("PAIDMARK_CONFIG: " + words.format(path=path))
    assert found[1].startswith("PAIDMARK_BATCH_SIZE: ")


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key\n")
    (tmp_path / "url").write_text("redis://:pass@store/0\n")

    settings = hands(CLOCKIFY_API_KEY_FILE=str(tmp_path / "key"), REDIS_URL_FILE=str(tmp_path / "url"))

    assert settings.credential(ONE) == ("X-Api-Key", "key")
    assert settings.redis_url == "redis://:pass@store/0"


def test_a_mistake_in_a_secret_file_names_the_variable_that_was_written(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("s3cret")

    (mistake,) = mistakes(REDIS_URL_FILE=str(tmp_path / "url"))

    assert mistake.startswith("PAIDMARK_REDIS_URL_FILE: should be a URL like redis://")


def test_secret_files_that_are_missing_empty_or_no_text_are_mistakes(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    found = mistakes(
        REDIS_URL_FILE=str(tmp_path / "missing"),
        CLOCKIFY_API_KEY_FILE=str(tmp_path / "empty"),
        CLOCKIFY_ADDON_TOKEN_FILE=str(tmp_path / "binary"),
    )

    assert found == (
        "PAIDMARK_REDIS_URL_FILE: cannot read the file that it names: No such file or directory",
        "PAIDMARK_CLOCKIFY_API_KEY_FILE: the file that it names is empty",
        "PAIDMARK_CLOCKIFY_ADDON_TOKEN_FILE: cannot read the file that it names: it is no text",
    )


def test_a_secret_and_a_file_for_it_are_one_too_many(tmp_path: Path) -> None:
    assert mistakes(CLOCKIFY_API_KEY="key", CLOCKIFY_API_KEY_FILE=str(tmp_path / "key")) == (
        "PAIDMARK_CLOCKIFY_API_KEY_FILE: PAIDMARK_CLOCKIFY_API_KEY is set as well; keep one of them",
    )


def test_only_secrets_may_be_in_files_of_their_own() -> None:
    assert mistakes(OPS_HOST_FILE="/etc/hostname") == (
        "PAIDMARK_OPS_HOST_FILE: no such setting; did you mean PAIDMARK_OPS_HOST?",
    )


def test_a_worker_takes_no_notice_of_what_the_receiver_needs(tmp_path: Path) -> None:
    settings = hands(
        HOST="0.0.0.0",
        PORT="nonsense",
        SOURCES__SHOP_A__SECRETS="s3cret",
        SOURCES__SHOP_A__SECRETS_FILE=str(tmp_path / "missing"),
    )

    assert settings == HandsSettings()
    assert "s3cret" not in repr(vars(settings))


def test_the_desk_takes_what_it_needs_and_no_secret(tmp_path: Path) -> None:
    settings = load(
        StoreSettings,
        {
            "PAIDMARK_DATA": "here",
            "PAIDMARK_CLOCKIFY_API_KEY": "s3cret",
            "PAIDMARK_SOURCES__STRIPE__SECRETS": "s3cret",
        },
    )

    assert settings == StoreSettings(data=Path("here"))
    assert "s3cret" not in repr(vars(settings))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PAIDMARK_REDISURL", "PAIDMARK_REDIS_URL"),
        ("PAIDMARK_SOURCE__STRIPE__SECRETS", "PAIDMARK_SOURCES"),
        ("PAIDMARK_HOTS", "PAIDMARK_HOST"),
        ("paidmark_port", "PAIDMARK_PORT"),
        ("PAIDMARK_CONFG", "PAIDMARK_CONFIG"),
    ],
)
def test_a_misspelt_variable_is_reported_with_the_nearest_right_one(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(HandsSettings, {name: "x"})

    assert caught.value.mistakes == (f"{name}: no such setting; did you mean {nearest}?",)


def test_a_variable_that_is_near_to_nothing_is_reported_too() -> None:
    assert mistakes(XYZZY="1") == ("PAIDMARK_XYZZY: no such setting",)


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_no_mistakes() -> None:
    links = {
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT": "80",
        "SERVICE_PORT_HTTP": "80",
        "PORT": "tcp://10.0.0.1:80",
    }

    assert hands(**links, PORT_80_TCP="tcp://10.0.0.1:80", PORT_80_TCP_ADDR="10.0.0.1") == HandsSettings()


@pytest.mark.parametrize(
    ("url", "reports"),
    [
        ("https://api.clockify.me/api", "https://reports.api.clockify.me"),
        ("https://api.clockify.me/api/", "https://reports.api.clockify.me"),
        ("https://euc1.clockify.me/api", "https://euc1.clockify.me/report"),
        ("https://developer.clockify.me/api", "https://developer.clockify.me/report"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090/report"),
    ],
)
def test_the_address_of_reports_follows_from_clockifys(url: str, reports: str) -> None:
    assert hands(CLOCKIFY_URL=url).reports_url == reports


def test_the_address_of_reports_may_be_set() -> None:
    assert (
        hands(CLOCKIFY_REPORTS_URL="https://acme.clockify.me/report/").reports_url
        == "https://acme.clockify.me/report"
    )


def test_importing_the_settings_does_nothing_and_loads_no_server() -> None:
    program = "import sys, worker.settings; sys.exit(bool({'aiohttp', 'arq', 'redis'} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", program], check=False, env={"PAIDMARK_BATCH_SIZE": "x"})

    assert done.returncode == 0


@pytest.mark.usefixtures("log_as_before")
def test_the_stock_arq_command_finds_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIDMARK_MAX_DRAINS", "3")
    monkeypatch.setenv("PAIDMARK_REDIS_URL", "redis://127.0.0.1:1/0")

    assert import_string("worker.settings.WorkerSettings").max_jobs == 3


def test_other_names_are_not_made_up() -> None:
    with pytest.raises(AttributeError, match="no attribute 'WorkerSetings'"):
        _ = module.WorkerSetings  # type: ignore[attr-defined] # that is the point
