"""Streams both ways: an upload from a generator, a download to a file, a response line by line."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import _server

import arke


def rows() -> Iterator[bytes]:
    for number in range(1000):
        yield b"row %d\n" % number


def upload(client: arke.Client) -> None:
    # A generator has no length; the field below gives it one, without it the body goes out in chunks.
    size = sum(len(row) for row in rows())
    response = client.post("/echo", content=rows(), headers={"Content-Length": str(size)})
    print(f"upload: the server read {len(response.json()['text'])} bytes of {size}")


def download(client: arke.Client, target: Path) -> None:
    with client.stream("GET", "/stream/50000") as response, target.open("wb") as file:
        for chunk in response.iter_bytes(chunk_size=65536):
            file.write(chunk)
    print(f"download: {target.stat().st_size} bytes, all of {response.num_bytes_downloaded} in the file")


def first_lines(client: arke.Client) -> None:
    with client.stream("GET", "/stream/1000000") as response:
        for line in response.iter_lines():
            print(f"lines: {line}")
            if line == "line 2":
                break  # leaving the block closes the connection; nothing more is read


if __name__ == "__main__":
    with _server.running() as url, arke.Client(base_url=url) as client:
        upload(client)
        with tempfile.TemporaryDirectory() as folder:
            download(client, Path(folder) / "lines.txt")
        first_lines(client)
