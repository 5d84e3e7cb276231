"""A described system in the contract test: of the shape that its samples have, its time and id signed along."""

from tests.webhooks.deliveries import Case
from webhooks.sources.custom.samples import SHAPE
from webhooks.sources.kind import Options
from webhooks.sources.scheme import Scheme

CASE = Case(
    secret="a secret of one's own",
    rotated="another secret of one's own",
    options=Options(
        scheme=Scheme(
            header="X-Billing-Signature",
            prefix="sha256=",
            signed="{id}.{timestamp}.{body}",
            timestamp_header="X-Billing-Time",
            timestamp_format="ms",
            id_header="X-Billing-Id",
        ),
        paths=SHAPE.paths,
        types=SHAPE.types,
    ),
    uninteresting="contact.created",
    ignored="contact.created",
    another_version="invoice.paid.named-otherwise",
    without={
        "partly_paid": "the settings name the types that mean paid in full",
        "batch": "only where the settings say where events are",
    },
)
