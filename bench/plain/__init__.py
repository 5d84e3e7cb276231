"""What a good engineer writes in an afternoon instead of Paidmark: an aiohttp handler, a job a webhook, an arq worker.

It verifies, it acknowledges only what is in the store, it knows duplicates, it retries with backoff and obeys Retry-After.
It is tuned: uvloop, hiredis, many jobs at once, a short poll. `receiver` is the one half, `worker` the other.
"""
