"""What relying parties fetch: revocation lists, and how fast certificates get onto them."""

import json
import os
import re
import statistics
import subprocess
import time
import urllib.request

import peers
from common import Client, Instance, Settings, head, peak_mib, pinned, said, spread, told, tool, verdict

IDEVID = 801
LISTED = r"crl\.published .*?delta=0 .*?entries=[1-9]\d+ ms="


def published(i, entries, count, timeout_s=120):
    """Milliseconds of the last `count` whole lists of so many entries, as the publisher says when each is in place."""
    end = time.monotonic() + timeout_s
    while True:
        found = [int(ms) for n, ms in re.findall(r"crl\.published .*?delta=0 .*?entries=(\d+) ms=(\d+)", i.log()) if int(n) == entries]
        if len(found) >= count:
            return found[-count:]
        if time.monotonic() > end:
            raise RuntimeError(f"{len(found)} lists of {entries:,} entries after {timeout_s} s")
        time.sleep(0.1)


def largest(i):
    """The address of the list with most entries, as it is served."""
    with urllib.request.urlopen(f"http://127.0.0.1:{i.base + 81}/metrics", timeout=10) as r:
        found = re.findall(r'certmill_crl_entries\{ca="(\w+)",kind="full",shard=""\} (\d+)', r.read().decode())
    return f"http://localhost:{i.base + 80}/crl/{max(found, key=lambda f: int(f[1]))[0]}.crl"


def read(i, entries):
    """The list through nginx, read and counted by OpenSSL; its octets."""
    path = os.path.join(Settings.work, "list.crl")
    subprocess.run(["curl", "-sSf", "-o", path, largest(i)], check=True)
    lines = subprocess.Popen(["openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text"], stdout=subprocess.PIPE)
    count = sum(line.lstrip().startswith(b"Serial Number:") for line in lines.stdout)
    if lines.wait() != 0 or count != entries:
        raise RuntimeError(f"OpenSSL reads {count} entries of {entries}")
    size = os.path.getsize(path)
    os.unlink(path)
    return size


def list_runs(i, n, repetitions):
    """Reference and ours by turns, the reference first and last: its figures, our seconds, our CPU seconds."""
    store, path = os.path.join(Settings.work, "limit_crl.db"), os.path.join(Settings.work, "limit.crl")
    reference, ours, cpu = [], [], []
    for _ in range(repetitions + 1):
        reference.append(tool("limit_crl", n, store, path))
        count = len(re.findall(LISTED, i.log()))
        while len(re.findall(LISTED, i.log())) == count:
            time.sleep(0.02)
        before, count = i.cpu("status", "signer"), count + 1
        while len(re.findall(LISTED, i.log())) == count:
            time.sleep(0.02)
        cpu.append(i.cpu("status", "signer") - before)
        ours.append(published(i, n, 1)[0] / 1e3)
    reference.append(tool("limit_crl", n, store, path))
    os.unlink(path)
    os.unlink(store)
    return reference[1:], ours[1:], cpu[1:]


def revoke():
    """A batch of 100,000 revoked through the API: from the request to the last certificate."""
    n = 5_000 if Settings.quick else 100_000
    runs = 2 if Settings.quick else 3
    head(f"revoke: a batch of {n:,} certificates revoked in one request", "SQLite, durable commits, audit, names released, ledger,"
         " tallies; one list at the end, not in the time")
    with Instance() as i:
        client, revoker = Client(i), Client(i, "revoker")
        rate, answered, seconds = [], [], []
        for k in range(runs):
            batch = client.form(IDEVID, f"revoke-{k}", n, i.macs(n))["id"]
            client.wait(batch, every_s=0.2)
            before, begin = i.cpu("web", "worker"), time.monotonic()
            revoker.call("POST", f"/batches/{batch}/revoke", 200, json.dumps({"reason": "superseded"}),
                         {"Content-Type": "application/json"})
            answered.append(1e3 * (time.monotonic() - begin))
            while client.get(f"/batches/{batch}")["revoked"] < n:
                time.sleep(0.01)
            rate.append(n / (time.monotonic() - begin))
            seconds.append(1e6 * (i.cpu("web", "worker") - before) / n)
        left = client.get("/certificates?status=issued&limit=1")["total"]
    said("answered after", spread(answered, " ms"))
    said("CPU of web and worker", spread(seconds, " us a certificate"))
    if left != 0:
        raise RuntimeError(f"{left} certificates stand")
    verdict("certificates revoked a second", statistics.median(rate), 20_000, text=spread(rate))


def crl():
    """Whole revocation lists of 1,000,000 and of 5,000,000 entries: time and memory."""
    sizes = (50_000, 100_000) if Settings.quick else (1_000_000, 5_000_000)
    head(f"crl: whole lists of {sizes[0]:,} and of {sizes[1]:,} entries", "ours: from the lease to the list in its place: read from the"
         " store, written, read and checked by the signer against the last one, signed, synced;",
         "limit: limit_crl, rows of one table, no check, nothing synced; openssl ca -gencrl from its own index")
    with Instance({"status": {"crl_interval": 2, "crl_delta_above": 1000}}) as i:
        published(i, 0, 2)
        small = {kind: max(map(peak_mib, i.children(kind))) for kind in ("status", "signer")}
        store = os.path.join(i.dir, "store", "certmill.db")
        for n in sizes:
            i.stop()
            begin = time.monotonic()
            tool("fill_store", store, 1, IDEVID, n, "all")
            said(f"{n:,} revoked certificates", f"store {os.path.getsize(store) / 2**20:,.0f} MiB, filled in {time.monotonic() - begin:.0f} s")
            with pinned(i.cpus):
                i.start()
            i.pids = {kind: i.children(kind) for kind in ("status", "signer")}
            published(i, n, 1, 600)
            reference, ours, cpu = list_runs(i, n, Settings.repetitions if n == sizes[0] else 2)
            said(f"ours, {n:,}", spread(ours, " s") + f", {spread(cpu, ' s of CPU')}")
            said(f"limit, {n:,}", spread([r["wall_s"] for r in reference], " s") + f", {spread([r['cpu_s'] for r in reference], ' s of CPU')}")
            verdict("limit / ours, seconds", statistics.median(r["wall_s"] for r in reference) / statistics.median(ours), 0.5)
            told("... by CPU seconds", statistics.median(r["cpu_s"] for r in reference) / statistics.median(cpu))
            for kind, before in small.items():
                verdict(f"growth of {kind}, MiB", max(map(peak_mib, i.pids[kind])) - before, 16, at_least=False)
            said("read by OpenSSL", f"{read(i, n) / 1e6:,.1f} MB")
            if n == sizes[0]:
                gencrl = peers.openssl_gencrl(n, 1 if Settings.quick else 2)
                said("openssl ca -gencrl", spread([r["wall_s"] for r in gencrl], " s"))
                verdict("openssl ca -gencrl / ours, seconds", statistics.median(r["wall_s"] for r in gencrl) / statistics.median(ours), 20)
