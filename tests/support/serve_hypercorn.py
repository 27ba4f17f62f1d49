"""The process that `support.hypercorn` starts: `python -m support.serve_hypercorn <configuration> <application>`."""

from __future__ import annotations

import sys

from hypercorn.config import Config
from hypercorn.run import run


def main() -> None:
    """Serve until terminated."""
    config = Config.from_toml(sys.argv[1])
    config.application_path = sys.argv[2]
    config.workers = 0  # serve in this process, so that ending it ends everything
    run(config)


if __name__ == "__main__":
    main()
