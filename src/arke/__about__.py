"""The name, version and description of the package: the one place that states them."""

__title__ = "arke"
__description__ = "A fast HTTP client for Python: threads, asyncio and trio, one engine."
__version__ = "0.1.0"
