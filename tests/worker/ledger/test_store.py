"""Connections to the store."""

from worker.ledger import connect


async def test_a_connection_over_a_network_notices_a_peer_that_has_gone() -> None:
    store = connect("redis://127.0.0.1:1")

    assert store.connection_pool.connection_kwargs["socket_keepalive"] is True


async def test_a_client_that_is_closed_leaves_no_connection(store_url: str) -> None:
    store = connect(store_url)
    await store.ping()
    connection = next(iter(store.connection_pool._available_connections))
    await store.aclose()

    assert not connection.is_connected
