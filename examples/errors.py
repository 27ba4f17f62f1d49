"""What can go wrong, and which exception says so."""

import socket

import _server

import arke


def attempt(what: str, url: str, **options: object) -> None:
    try:
        arke.get(url, **options).raise_for_status()
    except arke.HTTPStatusError as error:  # the server answered, and not with 2xx
        print(f"{what}: status {error.response.status_code} from {error.request.url.path}")
    except arke.TimeoutException as error:  # ConnectTimeout, ReadTimeout, WriteTimeout, PoolTimeout
        print(f"{what}: {type(error).__name__}: {error}")
    except arke.NetworkError as error:  # ConnectError, ReadError, WriteError, CloseError
        print(f"{what}: {type(error).__name__}: {error}")
    except arke.RequestError as error:  # everything else that can happen to a request
        print(f"{what}: {type(error).__name__}: {error}")
    except arke.InvalidURL as error:  # found before anything was sent
        print(f"{what}: InvalidURL: {error}")


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


if __name__ == "__main__":
    with _server.running() as url:
        attempt("not found", f"{url}/missing")
        attempt("too slow", f"{url}/slow/10", timeout=0.2)
        attempt("too slow in all", f"{url}/slow/10", timeout=arke.Timeout(5.0, total=0.2))
        attempt("nobody there", f"http://127.0.0.1:{unused_port()}/")
        attempt("no such scheme", "gopher://127.0.0.1/")
        attempt("no URL", "http://[::1/")
