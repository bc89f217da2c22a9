"""The gateway's numbers for Prometheus, collected when they are asked for. Knows the engine's words, no socket."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from fanfold import __version__
from fanfold.messages import Caller, ListPrinters, ListWebhooks, Printers, Webhooks
from fanfold.model import Reachable
from fanfold.server.base import Engine

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_CALLER = Caller("", "local", dialect="metrics")


class Metrics:
    """Nothing is kept here: the engine counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def scrape(self) -> bytes:
        """Return all numbers in Prometheus's text format."""
        reply = await self._engine.do(ListPrinters(), _CALLER)
        printers = reply if isinstance(reply, Printers) else Printers(())
        told = await self._engine.do(ListWebhooks(), _CALLER)
        webhooks = told if isinstance(told, Webhooks) else Webhooks(())
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(tuple(self._families(printers, webhooks))))
        return generate_latest(registry)

    def _families(self, printers: Printers, webhooks: Webhooks) -> Iterator[Metric]:
        jobs = CounterMetricFamily("fanfold_jobs", "Jobs that came into a state since the start.", labels=["state"])
        for state, number in self._engine.entered.items():
            jobs.add_metric([state.value], number)
        yield jobs
        yield from _of_printers(printers)
        yield from _of_webhooks(webhooks)
        yield GaugeMetricFamily("fanfold_clients", "Open connections.", len(self._engine.clients.list()))
        yield InfoMetricFamily("fanfold_build", "Which Fanfold this is.", {"version": __version__})


def _of_printers(printers: Printers) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("fanfold_waiting_jobs", "Jobs that wait for their printer.", labels=["printer"])
    held = GaugeMetricFamily("fanfold_held_jobs", "Jobs that wait for a decision.", labels=["printer"])
    reachable = GaugeMetricFamily(
        "fanfold_printer_reachable",
        "1: it answered when last turned to, 0: it did not; absent: not known.",
        labels=["printer"],
    )
    for view in printers.printers:
        waiting.add_metric([view.printer.id], view.waiting_jobs)
        held.add_metric([view.printer.id], view.held_jobs)
        if view.status.reachable is not Reachable.UNKNOWN:
            reachable.add_metric([view.printer.id], float(view.status.reachable is Reachable.UP))
    yield from (waiting, held, reachable)


def _of_webhooks(webhooks: Webhooks) -> Iterator[Metric]:
    behind = GaugeMetricFamily("fanfold_webhook_behind", "Events that its receiver has not taken.", labels=["webhook"])
    dead = GaugeMetricFamily("fanfold_webhook_dead", "Events that were given up.", labels=["webhook"])
    for view in webhooks.webhooks:
        behind.add_metric([view.name], view.behind)
        dead.add_metric([view.name], view.dead)
    yield from (behind, dead)


class _Families(Collector):
    def __init__(self, families: tuple[Metric, ...]) -> None:
        self._families = families

    def collect(self) -> tuple[Metric, ...]:
        return self._families
