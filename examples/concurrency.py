"""Many requests at once: a bounded number of connections, tasks with asyncio, threads with one client."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import _server

import arke

LIMITS = arke.Limits(max_connections=10)


async def tasks(url: str) -> None:
    async with arke.AsyncClient(base_url=url, limits=LIMITS) as client:

        async def fetch(number: int) -> int:
            response = await client.get(f"/item/{number}")
            return response.json()["item"]

        items = await asyncio.gather(*(fetch(number) for number in range(500)))
    print(f"tasks: 500 requests over at most 10 connections, sum {sum(items)}")


async def first_of_many(url: str) -> None:
    async with arke.AsyncClient(base_url=url) as client:
        calls = [asyncio.create_task(client.get(path)) for path in ("/slow/10", "/hello", "/slow/20")]
        done, pending = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        for call in pending:
            call.cancel()  # the connection is closed, the client stays usable
        await asyncio.gather(*pending, return_exceptions=True)
        print(f"first: {done.pop().result().text!r}, {len(pending)} others cancelled")


def threads(url: str) -> None:
    with arke.Client(base_url=url, limits=LIMITS) as client, ThreadPoolExecutor(8) as executor:
        responses = executor.map(client.get, [f"/item/{number}" for number in range(200)])
        print(f"threads: {sum(response.is_success for response in responses)} of 200 by 8 threads")


if __name__ == "__main__":
    with _server.running() as url:
        asyncio.run(tasks(url))
        asyncio.run(first_of_many(url))
        threads(url)
