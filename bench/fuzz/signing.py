"""Signatures, right and wrong, made here and not by what is under test. Pure.

A way of signing gives the headers, and whether they prove the body: that is what an answer is judged by.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

STRIPE_SECRET = "whsec_made_up_for_a_fuzzer"  # noqa: S105 - made up
STANDARD_KEY = b"made up for a fuzzer, 32 bytes.."
STANDARD_SECRET = "whsec_" + base64.b64encode(STANDARD_KEY).decode()
TOLERANCE = 300

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed: an event's id, a body, the time."""

    event: bytes
    body: bytes
    now: float


def stripe_mac(body: bytes, stamp: bytes, key: bytes = STRIPE_SECRET.encode()) -> bytes:
    """What `v1` must be."""
    return hmac.digest(key, stamp + b"." + body, "sha256").hex().encode()


def standard_mac(event: bytes, body: bytes, stamp: bytes, key: bytes = STANDARD_KEY) -> bytes:
    """What stands behind `v1,`."""
    return base64.b64encode(hmac.digest(key, event + b"." + stamp + b"." + body, "sha256"))


def stripe_right(signed: Signed, random: Random) -> Headers:
    """As Stripe signs, now and while a secret is rolled."""
    stamp = b"%d" % (signed.now - random.choice((0, 0, 0, 5, TOLERANCE - 60)))
    good, other = stripe_mac(signed.body, stamp), b"0" * 64
    value = random.choice((
        b"t=%s,v1=%s" % (stamp, good),
        b"t=%s,v1=%s,v0=%s" % (stamp, good, other),
        b"t=%s,v1=%s,v1=%s" % (stamp, other, good),
        b"v1=%s,t=%s" % (good, stamp),
        b"t=%s,%sv1=%s" % (stamp, b"v1=%s," % other * 9, good),
    ))  # fmt: skip
    return [(random.choice((b"Stripe-Signature", b"stripe-signature", b"STRIPE-SIGNATURE")), value)]


def standard_right(signed: Signed, random: Random) -> Headers:
    """As Standard Webhooks signs, by either family of names."""
    stamp = b"%d" % (signed.now - random.choice((0, 0, 0, 5, TOLERANCE - 60)))
    good = b"v1," + standard_mac(signed.event, signed.body, stamp)
    value = random.choice(
        (good, good, b"v1,AAAA " + good, good + b" v1a,AAAA", b"v1,AA " * 9 + good, b"  " + good + b"  v2,x")
    )
    family = random.choice((b"webhook", b"webhook", b"Webhook", b"svix", b"SVIX"))
    return _family(family, signed.event, stamp, value)


def _family(family: bytes, event: bytes, stamp: bytes, value: bytes) -> Headers:
    return [(family + b"-id", event), (family + b"-timestamp", stamp), (family + b"-signature", value)]


def stripe_wrong(signed: Signed, random: Random) -> Headers:
    """As whoever does not have the secret signs, or has an old signature."""
    stamp = b"%d" % signed.now
    good = stripe_mac(signed.body, stamp)
    head = b"Stripe-Signature"
    past, future = b"%d" % (signed.now - TOLERANCE - 60), b"%d" % (signed.now + TOLERANCE + 60)
    wrong: tuple[Callable[[], Headers], ...] = (
        list,
        lambda: [(head, b"")],
        lambda: [(head, random.randbytes(40).hex().encode())],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, stripe_mac(signed.body, stamp, b"another")))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, stripe_mac(signed.body, stamp, b"")))],
        lambda: [(head, b"t=%s,v1=%s" % (past, stripe_mac(signed.body, past)))],
        lambda: [(head, b"t=%s,v1=%s" % (future, stripe_mac(signed.body, future)))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, stripe_mac(signed.body, past)))],
        lambda: [(head, b"t=%s,t=%s,v1=%s" % (past, stamp, good))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, good)), (head.lower(), b"t=%s,v1=%s" % (stamp, good))],
        lambda: [(head, b"t=%s,v0=%s" % (stamp, good))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, good.upper()))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, good[:-1]))],
        lambda: [(head, b"t=%s,v1=" % stamp)],
        lambda: [(head, b"t=%s,v1=\xff\xfe%s" % (stamp, good))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, base64.b64encode(bytes.fromhex(good.decode()))))],
        lambda: [(head, b"v1=%s" % good)],
        lambda: [(head, b"t=%s.0,v1=%s" % (stamp, good))],
        lambda: [(head, b"t=-1,v1=%s" % stripe_mac(signed.body, b"-1"))],
        lambda: [(head, b"t=" + b"9" * 5000 + b",v1=%s" % good)],
        lambda: [(head, b"t=%s,%sv1=%s" % (stamp, b"v1=0," * 300, good))],
        lambda: [(head, b"t=%s,v1=%s" % (stamp, stripe_mac(signed.body + b" ", stamp)))],
    )
    return random.choice(wrong)()


def standard_wrong(signed: Signed, random: Random) -> Headers:
    """As whoever does not have the secret signs, or has an old signature."""
    stamp, event, body = b"%d" % signed.now, signed.event, signed.body
    past, future = b"%d" % (signed.now - TOLERANCE - 60), b"%d" % (signed.now + TOLERANCE + 60)
    mac = standard_mac(event, body, stamp)
    good = _family(b"webhook", event, stamp, b"v1," + mac)

    def of(value: bytes, at: bytes = stamp) -> Headers:
        return _family(b"webhook", event, at, value)

    wrong: tuple[Callable[[], Headers], ...] = (
        list,
        lambda: of(b""),
        lambda: of(b"v1," + base64.b64encode(random.randbytes(32))),
        lambda: of(b"v1," + standard_mac(event, body, stamp, b"another")),
        lambda: of(b"v1," + standard_mac(event, body, past), past),
        lambda: of(b"v1," + standard_mac(event, body, future), future),
        lambda: of(b"v1," + standard_mac(event, body, past)),
        lambda: _family(b"webhook", event + b"x", stamp, b"v1," + mac),
        lambda: _family(b"webhook", b"", stamp, b"v1," + mac),
        lambda: of(b"v1a," + mac),
        lambda: of(b"v2," + mac),
        lambda: of(mac),
        lambda: of(b"v1=" + mac),
        lambda: of(b"v1," + mac.rstrip(b"=")),
        lambda: of(b"v1," + mac + b"="),
        lambda: of(b"v1," + mac.swapcase()),
        lambda: of(b"v1," + base64.b64decode(mac).hex().encode()),
        lambda: of(b"v1,\xff\xfe" + mac),
        lambda: of(b"v1,AA " * 300 + b"v1," + mac),
        lambda: of(b"v1," + mac, b"1e9"),
        lambda: of(b"v1," + standard_mac(event, body, b"-1"), b"-1"),
        lambda: of(b"v1," + mac, b"9" * 5000),
        lambda: of(b"v1," + mac, "١٧٦٧٢٢٥٦٠٠".encode()),
        lambda: [*good, (b"webhook-signature", b"v1," + mac)],
        lambda: [*good, (b"Webhook-Timestamp", stamp)],
        lambda: [*good, (b"webhook-id", event)],
        lambda: [*_family(b"svix", event, stamp, b"v1," + mac), (b"webhook-id", event)],
        lambda: good[:-1],
        lambda: of(b"v1," + standard_mac(event, body + b" ", stamp)),
    )
    return random.choice(wrong)()
