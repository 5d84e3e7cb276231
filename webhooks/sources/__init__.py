"""The kinds of billing systems, by name. One module (or folder) each, one line here.

Importing this loads no I/O: a kind is a record of pure functions.
"""

from collections.abc import Mapping
from types import MappingProxyType

from webhooks.sources import gocardless, mollie, paddle, recurly, square, standard, stripe
from webhooks.sources.kind import Kind

KINDS: Mapping[str, Kind] = MappingProxyType({
    kind.name: kind
    for kind in (
        gocardless.KIND,
        mollie.KIND,
        paddle.KIND,
        recurly.KIND,
        square.KIND,
        standard.KIND,
        stripe.KIND,
    )
})  # fmt: skip
