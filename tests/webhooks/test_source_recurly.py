"""Recurly: a time in milliseconds, several signatures, and thin deliveries."""

import pytest

from tests.webhooks.deliveries import NOW, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed
from webhooks.sources.kind import Options
from webhooks.sources.recurly import KIND

SECRET, ROTATED = "made-up-secret-1", "made-up-secret-2"
HEADER = "recurly-signature"


def signed(body: bytes, *secrets: str) -> str:
    made = [KIND.sign(body, secret, "", NOW, Options()).headers[HEADER].split(",") for secret in secrets]
    return ",".join([made[0][0], *(signature for _, signature in made)])


def test_a_signature_that_the_vendor_has_published_is_believed() -> None:
    """In spec/recurly/webhooks_spec.rb of https://github.com/recurly/recurly-client-ruby, with a secret of no site."""
    secret = "354fab5bd35f5a0d50845ee7e30165244468b13c2c343f104e4e730a59326d9d"
    body = (
        b'{"id":"rjxwmwedwqug","object_type":"account","site_id":"qc326l1hl8k9","event_type":"created",'
        b'"event_time":"2022-09-13T21:18:40Z","account_code":"adfas23zzz14123"}'
    )
    stamp, signature = "1663103925004", "ad24699f3beaa24c9af2cc7ada3ce4c835da0090194241b9d3add83d27f14bc3"
    then = int(stamp) / 1000

    KIND.verify(delivery(body, {HEADER: f"{stamp},{signature}"}), trust(secret, now=then), Options())
    assert KIND.sign(body, secret, "", then, Options()).headers[HEADER] == f"{stamp},{signature}"


def test_one_of_several_signatures_is_enough() -> None:
    KIND.verify(delivery(b"{}", {HEADER: signed(b"{}", ROTATED, SECRET)}), trust(SECRET), Options())


def test_a_time_in_seconds_is_none_in_milliseconds() -> None:
    stamp, signature = signed(b"{}", SECRET).split(",")

    with pytest.raises(NotAuthenticError, match="too long ago"):
        KIND.verify(delivery(b"{}", {HEADER: f"{stamp[:-3]},{signature}"}), trust(SECRET), Options())


def test_a_payload_in_xml_is_not_signed_and_refused() -> None:
    with pytest.raises(NotAuthenticError, match="missing"):
        KIND.verify(delivery(b"<paid_charge_invoice_notification/>"), trust(SECRET), Options())


def test_an_invoice_is_paid_and_shows_nothing_but_its_id_and_number() -> None:
    event = read(KIND, sample("recurly", "charge_invoice.paid.with-number"))

    assert isinstance(event, InvoicePaid)
    assert (event.id, event.invoice, event.number, event.references) == (
        f"paid:made0up0id:{int(NOW)}000",
        "made0up0id",
        "1001",
        (),
    )


@pytest.mark.parametrize("change", ["reopened", "failed"])
def test_an_invoice_whose_money_is_gone_still_stands_and_shows_no_references(change: str) -> None:
    event = read(KIND, changed(change))

    assert isinstance(event, InvoiceReversed)
    assert (event.references, event.stands) == ((), True)


def test_an_invoice_that_is_created_is_issued() -> None:
    assert isinstance(read(KIND, changed("created")), InvoiceIssued)


@pytest.mark.parametrize("change", ["updated", "past_due", "processing"])
def test_what_neither_pays_nor_takes_back_is_ignored(change: str) -> None:
    parsed = KIND.parse(delivery(changed(change)), Options())

    assert (parsed.events, parsed.ignored) == ((), f"charge_invoice.{change}")


def changed(change: str) -> bytes:
    """The sample of a paid invoice, of another type."""
    return sample("recurly", "charge_invoice.paid").replace(b'"paid"', f'"{change}"'.encode())
