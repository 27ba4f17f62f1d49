"""How much an engine takes from a server before it gives up. Each number bounds memory or work that a server could
otherwise demand without end.
"""

from __future__ import annotations

from typing import Final

max_head_bytes: Final = 256 * 1024
"""One response head, its status line and all its fields; also all the 1xx heads of one exchange together."""

max_fields: Final = 1000
"""Field lines in one head or trailer section."""

max_informational: Final = 32
"""1xx responses before the final one."""

max_chunk_line_bytes: Final = 4096
"""One chunk-size line with its extensions."""

max_extension_bytes: Final = 64 * 1024
"""Chunk extensions over one whole message."""

max_trailer_bytes: Final = 64 * 1024
"""The trailer section of one message."""
