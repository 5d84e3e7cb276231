"""What most would take instead of aiohttp and arq: FastAPI in uvicorn, Celery with Redis. Installed only on request.

Written as a good engineer writes it in an afternoon, and tuned. It does the job; a delivery that comes twice is a task that
runs twice, which does no harm, since a PATCH sets a state.
"""
