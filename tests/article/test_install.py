"""The two commands on installing: `pip install arke` and `pip install arke[http2]`."""

from __future__ import annotations

from importlib import metadata

import pytest


def test_the_distribution_has_an_http2_extra_that_needs_nothing():
    try:
        distribution = metadata.metadata("arke")
    except metadata.PackageNotFoundError:
        pytest.skip("arke is imported from its source, not installed")
    assert "http2" in distribution.get_all("Provides-Extra")
    assert not [line for line in metadata.requires("arke") if "http2" in line]
