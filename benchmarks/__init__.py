"""Benchmarks: what a request costs with arke, with a bare socket, and with its peers.

Run them with `python -m benchmarks` from the root of the repository; `benchmarks/README.md` says how they
work.
"""
