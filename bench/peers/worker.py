"""The worker: a task marks the entries of one webhook, and is tried again with backoff.

Threads, since a task waits for the network: processes took longer here, and a limit of calls fills them with waiting ones.
"""

import os
import threading

import requests
from celery import Celery

TIMEOUT = 10
LONGEST_PAUSE = 60
app = Celery("peers", broker=os.environ["PEERS_STORE"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
_local = threading.local()


@app.task(bind=True, max_retries=None)
def mark(self, workspace, entries):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - as Celery's own examples have it
    """One PATCH for the entries of one webhook."""
    pause = min(LONGEST_PAUSE, 2 ** min(self.request.retries, 10))
    try:
        response = _session().patch(
            f"{os.environ['PEERS_CLOCKIFY']}/v1/workspaces/{workspace}/time-entries/invoiced",
            json={"invoiced": True, "timeEntryIds": entries},
            timeout=TIMEOUT,
        )
    except requests.RequestException as error:
        raise self.retry(exc=error, countdown=pause) from error
    if response.status_code == 429 or response.status_code >= 500:  # noqa: PLR2004 - as they are known
        raise self.retry(countdown=int(response.headers.get("Retry-After", pause)))
    response.raise_for_status()


def _session() -> requests.Session:
    """One a thread: connections are kept."""
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.headers["X-Api-Key"] = "any"
    session: requests.Session = _local.session
    return session
