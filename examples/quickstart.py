"""Everything one needs on the first day, against a local server: `python examples/quickstart.py`."""

import asyncio

import _server

import arke

try:
    import trio
except ImportError:
    trio = None


def blocking(url: str) -> None:
    response = arke.get(f"{url}/hello")
    print(f"get: {response.status_code} {response.http_version} {response.text!r}")
    response = arke.post(f"{url}/echo", json={"name": "arke"}).raise_for_status()
    print(f"post: {response.status_code}, the server read {response.json()['text']}")
    with arke.Client(base_url=url, timeout=5.0) as client:
        total = sum(client.get(f"/item/{number}").json()["item"] for number in range(100))
        print(f"client: 100 calls over one kept connection, sum {total}")
        with client.stream("GET", "/stream/10000") as response:
            print(f"stream: {sum(map(len, response.iter_bytes()))} bytes, chunk by chunk")
        try:
            client.get("/slow/10", timeout=0.2)
        except arke.ReadTimeout as error:
            print(f"timeout: {error}")
        try:
            client.get("/missing").raise_for_status()
        except arke.HTTPStatusError as error:
            print(f"error: status {error.response.status_code}, {error.response.json()['error']}")


async def with_asyncio(url: str) -> None:
    async with arke.AsyncClient(base_url=url) as client:
        responses = await asyncio.gather(*(client.get(f"/item/{number}") for number in range(50)))
    print(f"asyncio: {sum(response.is_success for response in responses)} of 50 fetched at once")


async def with_trio(url: str) -> None:
    statuses: list[int] = []

    async def fetch(number: int) -> None:
        statuses.append((await client.get(f"/item/{number}")).status_code)

    async with arke.AsyncClient(base_url=url) as client, trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(fetch, number)
    print(f"trio: {statuses.count(200)} of 50 fetched at once")


if __name__ == "__main__":
    with _server.running() as url:
        blocking(url)
        asyncio.run(with_asyncio(url))
        print("trio: not installed, left out") if trio is None else trio.run(with_trio, url)
