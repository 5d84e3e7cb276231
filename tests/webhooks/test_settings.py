"""The receiver's settings: where it listens, and which sources it believes."""

import re
from pathlib import Path

import pytest

from webhooks.settings import DoorSettings
from webhooks.source_settings import SourceSettings
from webhooks.sources import KINDS
from worker.settings import OF_THE_DOOR, HandsSettings, SettingsError, StoreSettings, load

WORKSPACE = "64a687e29ae1f428e7ebe303"
STANDARD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
EXAMPLE = Path(__file__).parents[2] / ".env.example"


def door(**environ: str) -> DoorSettings:
    return load(DoorSettings, {f"PAIDMARK_{name}": value for name, value in environ.items()})


def mistakes(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        door(**environ)
    return caught.value.mistakes


def secrets(source: SourceSettings) -> list[str]:
    return [secret.get_secret_value() for secret in source.secrets]


def test_nothing_has_to_be_set() -> None:
    settings = door()

    assert (settings.host, settings.port, settings.ops_port, settings.sources) == (
        "127.0.0.1",
        8080,
        8081,
        {},
    )
    assert (settings.max_body, settings.future_tolerance, settings.unreferenced) == (
        1048576,
        900.0,
        "counted",
    )


def test_a_source_is_of_the_kind_of_its_name() -> None:
    assert door(SOURCES__STRIPE__SECRETS="whsec_x").sources["stripe"] == SourceSettings(
        kind="stripe", secrets=("whsec_x",), livemode=True, tolerance=300.0, workspace=None, paths={}
    )


def test_a_source_may_say_what_kind_it_is_and_how_it_differs() -> None:
    settings = door(
        SOURCES__SHOP_A__KIND="standard",
        SOURCES__SHOP_A__SECRETS=STANDARD,
        SOURCES__SHOP_A__TOLERANCE="10m",
        SOURCES__SHOP_A__WORKSPACE=WORKSPACE,
        SOURCES__SHOP_A__PATHS__INVOICE="data.number",
        SOURCES__SHOP_B__KIND="standard",
        SOURCES__SHOP_B__PATHS='{"invoice": "data.id", "entries": "data.lines[].entry"}',
        SOURCES__SHOP_C__KIND="stripe",
        SOURCES__SHOP_C__SECRETS="whsec_x",
        SOURCES__SHOP_C__LIVEMODE="false",
    )

    shop = settings.sources["shop-a"]
    assert (shop.kind, shop.livemode, shop.tolerance, shop.workspace) == ("standard", True, 600.0, WORKSPACE)
    assert not settings.sources["shop-c"].livemode
    assert shop.paths == {"invoice": "data.number"}
    assert settings.sources["shop-b"].paths == {"invoice": "data.id", "entries": "data.lines[].entry"}


def test_what_a_kind_does_not_read_is_a_mistake() -> None:
    with pytest.raises(SettingsError) as wrong:
        door(
            SOURCES__STRIPE__SECRETS="whsec_x",
            SOURCES__STRIPE__PATHS='{"invoice": "data.id"}',
            SOURCES__STRIPE__URL="https://example.com",
            SOURCES__RECURLY__SECRETS="x",
            SOURCES__RECURLY__IN_FULL="false",
        )

    (line,) = str(wrong.value).splitlines()[1:]
    assert line.strip() == "PAIDMARK_SOURCES__STRIPE: " + "; ".join(
        f"{name}: a source of kind stripe does not read it" for name in ("paths", "url")
    )


@pytest.mark.parametrize("value", ["300.1.1.1", "203.0.113.0/24, somewhere", '["203.0.113.9/24"]'])
def test_what_is_no_address_is_one_mistake(value: str) -> None:
    told = mistakes(SOURCES__STRIPE__SECRETS="whsec_x", SOURCES__STRIPE__ADDRESSES=value)

    assert told == (
        "PAIDMARK_SOURCES__STRIPE__ADDRESSES: should be addresses and networks, like 203.0.113.0/24",
    )


def test_several_secrets_are_a_list() -> None:
    assert secrets(door(SOURCES__STRIPE__SECRETS='["whsec_new", "whsec_old"]').sources["stripe"]) == [
        "whsec_new",
        "whsec_old",
    ]


def test_a_source_without_a_secret_is_known() -> None:
    assert door(SOURCES__STRIPE__TOLERANCE="60").sources["stripe"].secrets == ()


def test_secrets_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("whsec_x\n")

    settings = door(SOURCES__SHOP_A__KIND="stripe", SOURCES__SHOP_A__SECRETS_FILE=str(tmp_path / "secret"))

    assert secrets(settings.sources["shop-a"]) == ["whsec_x"]


def test_environment_and_file_describe_the_same_source(tmp_path: Path) -> None:
    path = tmp_path / "paidmark.toml"
    path.write_text(
        'port = 9000\n[sources.shop-a]\nkind = "stripe"\nsecrets = ["whsec_old"]\ntolerance = 60\n'
    )

    settings = door(CONFIG=str(path), SOURCES__SHOP_A__SECRETS="whsec_new")

    shop = settings.sources["shop-a"]
    assert (settings.port, shop.kind, shop.tolerance, secrets(shop)) == (9000, "stripe", 60.0, ["whsec_new"])


def test_a_body_may_be_given_with_its_unit() -> None:
    assert door(MAX_BODY="2MiB").max_body == 2 * 1024 * 1024


def test_every_mistake_is_reported_at_once_by_the_name_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "paidmark.toml"
    path.write_text(
        'unreferenced = "lost"\n[sources.Shop_B]\nkind = "stripe"\n[sources.stripe]\nsecretz = "s3cret"\n'
    )

    found = mistakes(
        CONFIG=str(path),
        PORT="http",
        SOURCES__SHOP_A__KIND="stripes",
        SOURCES__SHOP_A__SECRETS="[s3cret",
        SOURCES__SHOP_A__TOLERANCE="never",
        SOURCES__SHOP_C__SECRETS_FLIE="s3cret",
        SOURCES__SHOP_D__SECRETS="s3cret",
        SOURCES__STANDARD__PATHS__INVOICES="data.id",
        SOURCES__STANDARD__SECRETS="whsec_!",
    )

    assert sorted(found) == sorted([
        f"`unreferenced` in {path}: should be 'counted' or 'unresolved'",
        f"`sources.Shop_B` in {path}: should be a name of at most 32 small letters, digits and dashes, like shop-a",
        f"`sources.stripe.secretz` in {path}: no such setting; did you mean secrets?",
        "PAIDMARK_PORT: should be a whole number",
        f"PAIDMARK_SOURCES__SHOP_A__KIND: no such kind of source; did you mean stripe? There are {', '.join(sorted(KINDS))}",
        "PAIDMARK_SOURCES__SHOP_A__SECRETS: should be one secret, or a JSON list of secrets; the JSON cannot be read",
        "PAIDMARK_SOURCES__SHOP_A__TOLERANCE: should be a number of seconds, or a time like 90s, 15m, 12h, 30d",
        f"PAIDMARK_SOURCES__SHOP_C__KIND: no such kind of source; there are {', '.join(sorted(KINDS))}",
        f"PAIDMARK_SOURCES__SHOP_D__KIND: no such kind of source; there are {', '.join(sorted(KINDS))}",
        "PAIDMARK_SOURCES__SHOP_C__SECRETS_FLIE: no such setting; did you mean PAIDMARK_SOURCES__SHOP_C__SECRETS?",
        "PAIDMARK_SOURCES__STANDARD__PATHS: invoices: no such path; there are type, timestamp, invoice, workspace, entries, account, link, number, id, events",
        "PAIDMARK_SOURCES__STANDARD__SECRETS: whsec_ is not followed by base64",
    ])  # fmt: skip
    assert "s3cret" not in "".join(found)


@pytest.mark.parametrize("value", ["{}", "stripe"])
def test_sources_in_one_value_are_a_mistake(value: str) -> None:
    assert mistakes(SOURCES=value) == (
        "PAIDMARK_SOURCES: should be tables by name: PAIDMARK_SOURCES__<NAME>__SECRETS, or [sources.<name>] in a file",
    )


@pytest.mark.parametrize("value", ['["a", ""]', "[5]", " "])
def test_an_empty_secret_is_a_mistake(value: str) -> None:
    assert mistakes(SOURCES__STRIPE__SECRETS=value) == (
        "PAIDMARK_SOURCES__STRIPE__SECRETS: should be one secret, or a JSON list of secrets",
    )


def test_a_path_that_is_no_json_is_a_mistake() -> None:
    assert mistakes(SOURCES__STANDARD__PATHS='{"invoice"}') == (
        "PAIDMARK_SOURCES__STANDARD__PATHS: should be a JSON object of names and JMESPath expressions; the JSON cannot be read",
    )


def test_a_port_that_kubernetes_has_set_is_explained() -> None:
    (mistake,) = mistakes(
        PORT="tcp://10.0.0.1:8080", PORT_8080_TCP="tcp://10.0.0.1:8080", SERVICE_HOST="10.0.0.1"
    )

    assert mistake.startswith("PAIDMARK_PORT: was set by Kubernetes")


def test_no_representation_shows_a_secret() -> None:
    settings = door(SOURCES__STRIPE__SECRETS='["s3cret", "s3cret2"]', REDIS_URL="redis://:s3cret@store")

    assert "s3cret" not in repr(settings) + str(settings) + repr(settings.sources["stripe"])


def test_the_receiver_holds_no_key_for_clockify(tmp_path: Path) -> None:
    path = tmp_path / "paidmark.toml"
    path.write_text('clockify_api_key = "s3cret"\n')
    missing = str(tmp_path / "missing")

    settings = door(
        CONFIG=str(path), CLOCKIFY_API_KEY="s3cret", CLOCKIFY_ADDON_TOKEN_FILE=missing, RATE_LIMIT="nonsense"
    )

    assert settings == DoorSettings()
    assert "s3cret" not in repr(vars(settings))


def test_the_worker_knows_the_names_of_the_receivers_settings() -> None:
    assert set(OF_THE_DOOR) == DoorSettings.model_fields.keys() - StoreSettings.model_fields.keys()


def example() -> dict[str, str]:
    lines = re.findall(r"^#(PAIDMARK_\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    assert len(lines) == len(dict(lines))
    return dict(lines)


def test_the_example_names_exactly_the_settings_that_exist() -> None:
    fields = DoorSettings.model_fields.keys() | HandsSettings.model_fields.keys()
    plain = {f"PAIDMARK_{name.upper()}" for name in fields - {"sources"}} | {"PAIDMARK_CONFIG"}
    nested = {f"PAIDMARK_SOURCES__STRIPE__{name.upper()}" for name in SourceSettings.model_fields}

    assert example().keys() == plain | nested


def test_the_example_gives_the_defaults() -> None:
    source = load(DoorSettings, example()).sources["stripe"]

    assert source == SourceSettings(kind="stripe")
    assert load(DoorSettings, example()) == DoorSettings(sources={"stripe": source})
    assert load(HandsSettings, example()) == HandsSettings()


def test_the_example_shows_every_default_that_there_is() -> None:
    silent = {name for name, value in example().items() if not value}
    fields = {**DoorSettings.model_fields, **HandsSettings.model_fields}

    nothing: tuple[object, ...] = (None, {}, (), "")
    of_source = SourceSettings.model_fields
    assert silent == {
        *(f"PAIDMARK_{name.upper()}" for name, field in fields.items() if field.default in nothing),
        *(
            f"PAIDMARK_SOURCES__STRIPE__{name.upper()}"
            for name, f in of_source.items()
            if f.default in nothing
        ),
        "PAIDMARK_CONFIG",
        "PAIDMARK_OPS_PORT",
    }
