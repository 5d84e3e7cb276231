"""The URL of a store under Sentinel, taken apart."""

import pytest

from worker.sentinels import UnderSentinel, parse
from worker.settings import SettingsError, StoreSettings, load, redacted

FULL = (
    "rediss+sentinel://user:p%40ss@one:1,[::1]:2,three/my%20master/4"
    "?sentinel_username=watch&sentinel_password=d%26g&ssl_ca_certs=/ca.pem"
)


def test_a_url_says_sentinels_name_and_store() -> None:
    assert parse(FULL) == UnderSentinel(
        name="my master",
        sentinels=(("one", 1), ("::1", 2), ("three", 26379)),
        store="rediss://user:p%40ss@/4?ssl_ca_certs=%2Fca.pem",
        username="watch",
        password="d&g",
    )


@pytest.mark.parametrize("url", ["redis+sentinel://one/main", "redis+sentinel://one/main/"])
def test_what_is_left_out_has_defaults(url: str) -> None:
    assert parse(url) == UnderSentinel(
        name="main", sentinels=(("one", 26379),), store="redis:///0?", username=None, password=None
    )


@pytest.mark.parametrize("url", ["redis://one:6379/0", "rediss://one", "unix:///a?db=0", "sentinel", ""])
def test_a_url_of_a_store_itself_is_none(url: str) -> None:
    assert parse(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis+sentinel://", "should be a URL like redis+sentinel://"),
        ("redis+sentinel://s3cret", "should be a URL like redis+sentinel://"),
        ("redis+sentinel://s3cret/", "should be a URL like redis+sentinel://"),
        ("redis+sentinel:///s3cret", "should be a URL like redis+sentinel://"),
        ("redis+sentinel://one/main/s3cret", "should be a URL like redis+sentinel://"),
        ("redis+sentinel://:s3cret/x@one/main", "should be a URL like redis+sentinel://"),
        ("redis+sentinel://one:s3cret/main", "should name each sentinel as host or host:port"),
        ("redis+sentinel://one:65536/main", "should name each sentinel as host or host:port"),
        ("redis+sentinel://one:0/main", "should name each sentinel as host or host:port"),
        ("redis+sentinel://one,,two/main", "should name each sentinel as host or host:port"),
        (
            "redis+sentinel://one/main?s3cret=s3cret",
            "there are sentinel_username, sentinel_password, and ssl_",
        ),
        ("redis://", "or redis+sentinel://host1:26379,host2:26379/mymaster/0"),
    ],
)
def test_a_mistake_is_reported_by_the_name_of_the_setting_and_not_repeated(url: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(StoreSettings, {"PAIDMARK_REDIS_URL": url})

    (mistake,) = refused.value.mistakes
    assert mistake.startswith("PAIDMARK_REDIS_URL: ")
    assert said in mistake
    assert "s3cret" not in mistake


def test_no_secret_is_shown() -> None:
    shown = [redacted(FULL), repr(parse(FULL)), repr(load(StoreSettings, {"PAIDMARK_REDIS_URL": FULL}))]

    assert redacted(FULL).startswith(
        "rediss+sentinel://***@one:1,[::1]:2,three/my%20master/4?sentinel_username=***"
    )
    for secret in ("p%40ss", "p@ss", "d%26g", "d&g", "watch"):
        assert not any(secret in one for one in shown)


@pytest.mark.parametrize("name", ["password", "sentinel_password"])
def test_a_password_with_an_at_sign_is_hidden_to_its_end(name: str) -> None:
    assert redacted(f"unix:///a?{name}=p@ss&db=0") == f"unix:///a?{name}=***&db=0"
