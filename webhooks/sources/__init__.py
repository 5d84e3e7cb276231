"""The kinds of billing systems, by name. One module (or folder) each, one line here.

Importing this loads no I/O: a kind is a record of pure functions.
"""

from collections.abc import Mapping
from types import MappingProxyType

from webhooks.sources import (
    chargebee,
    clockify,
    custom,
    gocardless,
    invoiceninja,
    killbill,
    lago,
    mollie,
    paddle,
    paypal,
    recurly,
    square,
    standard,
    stripe,
    zoho,
)
from webhooks.sources.kind import Kind

KINDS: Mapping[str, Kind] = MappingProxyType({
    kind.name: kind
    for kind in (
        chargebee.KIND,
        clockify.KIND,
        custom.KIND,
        gocardless.KIND,
        invoiceninja.KIND,
        killbill.KIND,
        lago.KIND,
        mollie.KIND,
        paddle.KIND,
        paypal.KIND,
        recurly.KIND,
        square.KIND,
        standard.KIND,
        stripe.KIND,
        zoho.KIND,
    )
})  # fmt: skip
