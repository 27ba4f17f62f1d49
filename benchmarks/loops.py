"""Requests one after the other and at once, in each world: plain, threads, asyncio, uvloop, trio."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, Any

from .clients import UnsupportedError
from .meter import Meter, ProfiledMeter, Quota

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor
    from types import ModuleType

    from .clients import Options
    from .operations import Operation
    from .scenarios import Scenario

WARM_UP_SHARE = 10


def measure_requests(
    module: ModuleType,
    scenario: Scenario,
    operation: Operation,
    options: Options,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return CPU and wall time per request, warm-up excluded."""
    requests = arguments.requests or scenario.requests
    make_meter = partial(ProfiledMeter, arguments.profile) if arguments.profile else Meter
    plan = Plan(scenario, operation, requests, arguments.seconds, make_meter=make_meter)
    meter, taken = run_in_world(module, options, plan)
    figures: dict[str, Any] = meter.per_request(taken, scenario.unit)
    return figures


class Plan:
    """How often and for how long an operation is done, before and while it is measured."""

    def __init__(
        self,
        scenario: Scenario,
        operation: Operation,
        requests: int,
        seconds: float,
        *,
        make_meter: Callable[[], Any] = Meter,
    ) -> None:
        """Plan `requests` requests within `seconds` on the tasks of the scenario."""
        self.scenario = scenario
        self.operation = self.warm_up_operation = operation
        self.requests, self.seconds = requests, seconds
        self.tasks = scenario.tasks
        self.http2 = scenario.http2
        self.make_meter = make_meter
        self.warm_up = max(min(self.tasks, requests), requests // WARM_UP_SHARE)

    def warm_up_quota(self) -> Quota:
        """Return the quota of the warm-up: a share of the requests, and one for each task."""
        return Quota(self.warm_up, self.seconds)

    def start(self) -> tuple[Quota, Any]:
        """Return the quota of what is measured and the meter for it, with no garbage of the warm-up left."""
        gc.collect()
        return self.quota(), self.make_meter()

    def quota(self) -> Quota:
        """Return the quota of what is measured, its clock started."""
        return Quota(self.requests, self.seconds)


def run_in_world(module: ModuleType, options: Options, plan: Plan) -> tuple[Any, int]:
    """Run the plan in its world; return the meter and the number of requests that were measured.

    Raises:
        UnsupportedError: The client does not exist in this world.
    """
    world = plan.scenario.world
    is_sync = world in {"sync", "threads"}
    adapter = getattr(module, "SyncAdapter" if is_sync else "AsyncAdapter", None)
    if adapter is None or world not in adapter.worlds:
        msg = f"does not run under {world}"
        raise UnsupportedError(msg)
    make = partial(adapter, options)
    if is_sync:
        return (run_threads if world == "threads" else run_sync)(make, plan)
    if world == "trio":
        from .loops_trio import run_trio

        return run_trio(make, plan)
    return run_asyncio(make, plan, is_uvloop=world == "uvloop")


def run_sync(make: Callable[[], Any], plan: Plan) -> tuple[Any, int]:
    """Run a plan in this thread alone."""
    adapter = make()
    try:
        _repeat(adapter, plan.warm_up_operation, plan.warm_up_quota())
        quota, meter = plan.start()
        with meter:
            _repeat(adapter, plan.operation, quota)
        return meter, quota.taken
    finally:
        adapter.close()


def run_threads(make: Callable[[], Any], plan: Plan) -> tuple[Any, int]:
    """Run a plan in several threads that share one client; the same threads warm up."""
    from concurrent.futures import ThreadPoolExecutor

    adapter = make()
    try:
        with ThreadPoolExecutor(plan.tasks) as executor:
            _spread_over_threads(executor, adapter, plan, plan.warm_up)
            _, meter = plan.start()
            with meter:
                taken = _spread_over_threads(executor, adapter, plan, plan.requests)
        return meter, taken
    finally:
        adapter.close()


def _spread_over_threads(executor: ThreadPoolExecutor, adapter: Any, plan: Plan, requests: int) -> int:
    """Do so many requests, each thread its share; return how many they were."""
    quotas = [Quota(requests // plan.tasks or 1, plan.seconds) for _ in range(plan.tasks)]
    for future in [executor.submit(_repeat, adapter, plan.operation, quota) for quota in quotas]:
        future.result()
    return sum(quota.taken for quota in quotas)


def _repeat(adapter: Any, operation: Operation, quota: Quota) -> None:
    call, arguments, expected = getattr(adapter, operation.method), operation.arguments, operation.expected
    for _ in quota:
        outcome = call(*arguments)
        if outcome != expected:
            operation.check(outcome)


async def repeat_async(adapter: Any, operation: Operation, quota: Quota) -> None:
    """Do an operation, again and again, until the quota is used up."""
    call, arguments, expected = getattr(adapter, operation.method), operation.arguments, operation.expected
    for _ in quota:
        outcome = await call(*arguments)
        if outcome != expected:
            operation.check(outcome)


def run_asyncio(make: Callable[[], Any], plan: Plan, *, is_uvloop: bool) -> tuple[Any, int]:
    """Run a plan on asyncio's own loop or on uvloop."""
    import asyncio

    factory = None
    if is_uvloop:
        try:
            import uvloop
        except ModuleNotFoundError as error:
            msg = "uvloop is not installed"
            raise UnsupportedError(msg) from error
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_run_plan(make, plan))


async def _run_plan(make: Callable[[], Any], plan: Plan) -> tuple[Any, int]:
    adapter = make()
    try:
        await confirm_version(adapter, plan)
        await _gather(adapter, plan.warm_up_operation, plan, plan.warm_up_quota())
        quota, meter = plan.start()
        with meter:
            await _gather(adapter, plan.operation, plan, quota)
        return meter, quota.taken
    finally:
        await adapter.aclose()


async def confirm_version(adapter: Any, plan: Plan) -> None:
    """Make sure that HTTP/2 is what is measured where it should be; it also opens the one connection first.

    Raises:
        UnsupportedError: The client answered in another version.
    """
    if plan.http2:
        version = await adapter.http_version(plan.operation.arguments[0])
        if version != "2":
            msg = f"speaks HTTP/{version} here"
            raise UnsupportedError(msg)


async def _gather(adapter: Any, operation: Operation, plan: Plan, quota: Quota) -> None:
    import asyncio

    await asyncio.gather(*(repeat_async(adapter, operation, quota) for _ in range(plan.tasks)))
