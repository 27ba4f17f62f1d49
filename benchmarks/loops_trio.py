"""The requests of a plan under trio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from .loops import confirm_version, repeat_async

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loops import Plan
    from .meter import Quota


def run_trio(make: Callable[[], Any], plan: Plan) -> tuple[Any, int]:
    """Run a plan under trio; return the meter and the number of requests that were measured."""
    return trio.run(_run_plan, make, plan)


async def _run_plan(make: Callable[[], Any], plan: Plan) -> tuple[Any, int]:
    adapter = make()
    try:
        await confirm_version(adapter, plan)
        await _spread(adapter, plan, plan.warm_up_quota())
        quota, meter = plan.start()
        with meter:
            await _spread(adapter, plan, quota)
        return meter, quota.taken
    finally:
        await adapter.aclose()


async def _spread(adapter: Any, plan: Plan, quota: Quota) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(plan.tasks):
            nursery.start_soon(repeat_async, adapter, plan.operation, quota)
