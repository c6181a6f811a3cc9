"""The same orders with PostgreSQL as the store: against SQLite, and with two workers against one."""

import os
import statistics
import sys

from common import Client, Instance, Settings, head, measure, median_ratio, rates, requests, said, spread, told, verdict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from postgresql import Server  # noqa: E402

IDEVID = 801
CORES_FOR_TWO = 8		# two workers, their signer, web, and a server process of each, without waiting for one another


class Stored(Instance):
    """An instance, its worker processes of one thread; the seconds of its database server are its own."""

    def __init__(self, server, workers, port):
        super().__init__({"worker": {"processes": workers, "threads": 1}}, port=port)
        self.server = server
        if server:
            self.args += ["--store", server.database()]

    def cpu(self, *kinds):
        return super().cpu(*kinds) + (self.server.cpu() if self.server else 0)


def orders(i, client, n, k):
    """One order of requests, one with keys made here."""
    path = requests(n, i.macs(n))
    csr = measure(i, client, n, lambda: client.upload({"method": "csr", "profile_id": IDEVID, "name": f"csr-{k}"}, path))
    first = i.macs(n)
    return csr, measure(i, client, n, lambda: client.form(IDEVID, f"p12-{k}", n, first))


def by_turns(instances, n):
    """Runs of each by name, after a warm-up."""
    clients = {name: Client(i) for name, i in instances.items()}
    csr, p12 = ({name: [] for name in instances} for _ in range(2))
    for k in range(Settings.repetitions + 1):
        for name, i in instances.items():
            a, b = orders(i, clients[name], n, k)
            csr[name].append(a)
            p12[name].append(b)
    return [{name: runs[1:] for name, runs in kind.items()} for kind in (csr, p12)]


def cpu_each(runs):
    return statistics.median(1e6 * r["whole_cpu_s"] / r["n"] for r in runs)


def postgresql():
    """Requests and keys made here on PostgreSQL: against SQLite, two workers against one."""
    n = 1_000 if Settings.quick else 10_000
    head(f"postgresql: {n:,} P-256 requests; {n:,} P-256 keys made here, PKCS#12",
         "PostgreSQL with durable commits on this machine; worker processes of one thread; by turns; CPU is of all parts,"
         " the database server too")
    with Server(durable=True) as server, Stored(None, 1, 0) as lite, Stored(server, 1, 10) as one, Stored(server, 2, 20) as two:
        kinds = by_turns({"SQLite, 1 worker": lite, "PostgreSQL, 1 worker": one, "PostgreSQL, 2 workers": two}, n)
    for what, runs in zip(("requests", "keys made here"), kinds):
        for name, r in runs.items():
            said(f"{what}, {name}", spread(rates(r)) + f", {cpu_each(r):.1f} CPU us each")
        lite, one, two = runs.values()
        verdict(f"{what}: PostgreSQL / SQLite", median_ratio(rates(one), rates(lite)), 0.6)
        told("... by CPU seconds, order and all", cpu_each(lite) / cpu_each(one))
        if len(Settings.cpus) >= CORES_FOR_TWO:
            verdict(f"{what}: 2 workers / 1", median_ratio(rates(two), rates(one)), 1.8)
        else:
            verdict(f"{what}: 2 workers / 1, given the cores", 2 * cpu_each(one) / cpu_each(two), 1.8)
