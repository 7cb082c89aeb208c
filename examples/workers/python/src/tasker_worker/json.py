"""What travels between a worker and the service."""

from typing import Any

JSON = None | bool | int | float | str | list[Any] | dict[str, Any]
"""A value that JSON can write."""
