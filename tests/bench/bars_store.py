"""What is done with certificates that are there: archives, lists, searches; and a preview of a large order."""

import hashlib
import os
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import time

from common import (PASSWORD, Client, Instance, Settings, head, mac, median_ratio, peak_mib, pinned, said, spread, told, tool,
                    verdict)

IDEVID = 801


def download(client, batch_id, into=None, start=None):
    """Octets and their hash, whole or from `start`; seconds."""
    begin = time.monotonic()
    headers = {} if start is None else {"Range": f"bytes={start}-"}
    answer = client.send("GET", f"/batches/{batch_id}/download", headers=headers)
    if answer.status != (200 if start is None else 206):
        raise RuntimeError(f"download: {answer.status} {answer.read()[:200]!r}")
    length, got, sha = int(answer.getheader("Content-Length")), 0, hashlib.sha256()
    out = open(into, "wb") if into else None
    while block := answer.read(1 << 20):
        got += len(block)
        sha.update(block)
        if out:
            out.write(block)
    if out:
        out.close()
    if got != length:
        raise RuntimeError(f"{got} octets of {length}")
    return got, sha.hexdigest(), time.monotonic() - begin


def curl(i, client, batch_id):
    """The same into nothing, by a reader that costs little; seconds."""
    begin = time.monotonic()
    subprocess.run(["curl", "-sSf", "-o", os.devnull, "-K", "-"], check=True, text=True, input=(
        f'url = "https://localhost:{i.base + 443}/api/v1/batches/{batch_id}/download"\n'
        f'cacert = "{i.demo["ca_bundle"]}"\nheader = "Authorization: Bearer {client.token}"\n'))
    return time.monotonic() - begin


def zip_stream():
    """The archive of a batch, as it streams, against bsdtar."""
    n = 10_000 if Settings.quick else 100_000
    head(f"zip_stream: an archive of {n:,} PKCS#12 files", "ours over TLS through nginx to curl;"
         " bsdtar --format zip, stored, from files that are in memory already")
    with Instance() as i:
        client = Client(i)
        batch = client.form(IDEVID, "zip", n, i.macs(n))["id"]
        client.wait(batch)
        path, folder = os.path.join(Settings.work, "batch.zip"), os.path.join(Settings.work, "files")
        octets, first, _ = download(client, batch, into=path)
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        subprocess.run(["unzip", "-q", path, "-d", folder], check=True)
        count = sum(len(files) for _, _, files in os.walk(folder))
        ours, cpu, theirs = [], [], [bsdtar(folder)]
        for _ in range(Settings.repetitions):
            before = i.cpu("web", "nginx")
            ours.append(n / curl(i, client, batch))
            cpu.append(n / (i.cpu("web", "nginx") - before))
            theirs.append(bsdtar(folder))
        if download(client, batch)[1] != first:
            raise RuntimeError("the same download had other octets")
        with open(path, "rb") as f:
            for start in (1, octets // 3, octets - 100):
                f.seek(start)
                rest = hashlib.sha256(f.read()).hexdigest()
                if download(client, batch, start=start)[1] != rest:
                    raise RuntimeError(f"the rest from {start} differs")
        peak = max(map(peak_mib, i.pids["web"]))
    shutil.rmtree(folder)
    os.unlink(path)
    said("archive", f"{octets / 2**20:,.0f} MiB, {count:,} files; byte-equal each time, and from 3 places on")
    said("ours, entries", spread(ours) + f", {spread(cpu, ' per CPU s of web and nginx')}")
    said("bsdtar, entries", spread([n / t for t, _ in theirs]) + f", {spread([n / c for _, c in theirs], ' per CPU s')}")
    verdict("ours / bsdtar", median_ratio(ours, [n / t for t, _ in theirs]), 3)
    told("... by CPU seconds, TLS included", median_ratio(cpu, [n / c for _, c in theirs]))
    verdict("peak memory of web, MiB", peak, 128, at_least=False)


def bsdtar(folder):
    """Seconds and CPU seconds."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with pinned(Settings.cpus[-1:]):
        subprocess.run(["bsdtar", "-c", "-f", os.devnull, "--format", "zip", "--options", "zip:compression=store", "."],
                       cwd=folder, check=True)
    took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def preview():
    """A CSV of 1,000,000 rows read to its end and judged."""
    n = 50_000 if Settings.quick else 1_000_000
    head(f"preview: a CSV of {n:,} addresses, preview=true", "nothing is stored; the last row repeats the first, to see that it is found")
    path = os.path.join(Settings.work, "preview.csv")
    with Instance() as i:
        client = Client(i)
        first = i.macs(n)
        times = []
        for wrong in (False, True):
            with open(path, "w", encoding="ascii") as f:
                f.write("mac_address\r\n")
                f.writelines(f"{mac(first + k)}\r\n" for k in range(n - wrong))
                if wrong:
                    f.write(f"{mac(first)}\r\n")
            order = {"method": "csv", "profile_id": IDEVID, "name": "preview", "pkcs12_password": PASSWORD}
            for _ in range(3 - wrong * 2):
                begin = time.monotonic()
                answer = client.upload(order, path, "?preview=true", 200)
                times.append(n / (time.monotonic() - begin))
            errors = answer.get("errors") or []
            if bool(errors) != wrong or (wrong and errors[0].get("line") != n + 1):
                raise RuntimeError(f"preview says {str(answer)[:300]}")
        peak = max(map(peak_mib, i.pids["web"]))
    os.unlink(path)
    said("rows", spread(times))
    verdict("peak memory of web, MiB", peak, 128, at_least=False)


# As src/store/certificate_list.c builds them; the plan is what matters, not the columns.
LIST = "SELECT c.id FROM certificate c CROSS JOIN batch b WHERE c.state <> 3 AND c.organization_id = 1 AND {} AND b.id = c.batch_id"
PLANS = (
    ("newest", LIST.format("1 = 1") + " ORDER BY c.id DESC"),
    ("of a batch", LIST.format("c.batch_id = 100001") + " ORDER BY c.item_index DESC"),
    ("revoked", LIST.format("c.state <> 0 AND c.state = 1") + " ORDER BY c.id DESC"),
    ("of a day", LIST.format("c.id >= 1000 AND c.id <= 90000 AND c.created_at >= 1") + " ORDER BY c.id DESC"),
    ("by serial number", LIST.format("c.id IN (SELECT certificate_id FROM certificate_serial WHERE serial = x'00')")
     + " ORDER BY c.id DESC"),
    ("by a part of the subject", LIST.format("c.id >= 1 AND c.id <= 100000 AND lower(c.subject) LIKE '%00:1a%'")
     + " ORDER BY c.id DESC"),
    ("sorted by serial number", LIST.format("c.id = s.certificate_id").replace("FROM ", "FROM certificate_serial s CROSS JOIN ")
     + " ORDER BY s.serial DESC, c.id DESC"),
    ("sorted by expiry", LIST.format("1 = 1") + " ORDER BY c.not_after DESC, c.id DESC"),
)


def asks(db, rng):
    """Requests like people's, with values that are there: name, a path each time it is called."""
    top = db.execute("SELECT value FROM counter WHERE name = 'certificate'").fetchone()[0]
    batches = db.execute("SELECT value FROM counter WHERE name = 'batch'").fetchone()[0]

    def row():
        return db.execute("SELECT hex(serial), subject, created_at FROM certificate WHERE id = ?",
                          (rng.randrange(1, top + 1),)).fetchone()

    def day():
        return time.strftime("%Y-%m-%d", time.gmtime(row()[2]))

    return {
        "newest": lambda: "",
        "of a batch": lambda: f"&batch_id={rng.randrange(100001, batches + 1)}",
        "revoked": lambda: "&status=revoked",
        "of a day": lambda: (lambda d: f"&from={d}&to={d}")(day()),
        "by serial number": lambda: f"&serial_number={row()[0]}",
        "by part of a name": lambda: f"&name=lot%20{rng.randrange(100001, batches + 1)}-9",
        "by address in the subject": lambda: f"&subject={row()[1][-17:]}",
        "by part of the serial number": lambda: f"&serial_number={row()[0][-8:]}",
        "sorted by serial number": lambda: "&sort=serial_number",
        "sorted by expiry": lambda: "&sort=not_after",
    }


BOUNDED = ("by address in the subject", "by part of the serial number")


def ask_all(instances, stores, count):
    """Sorted seconds by kind of request, for each instance; they are asked by turns, so that both meet the same weather."""
    clients = [Client(i) for i in instances]
    rngs = [random.Random(7) for _ in stores]
    dbs = [sqlite3.connect(f"file:{s}?mode=ro", uri=True) for s in stores]
    paths = [asks(db, rng) for db, rng in zip(dbs, rngs)]
    found = [{} for _ in stores]
    for name in paths[0]:
        times = [[] for _ in stores]
        for k in range(count + 3):
            for j, client in enumerate(clients):
                query = f"/certificates?limit=50{paths[j][name]()}"
                begin = time.monotonic()
                client.get(query)
                if k >= 3:
                    times[j].append(time.monotonic() - begin)
            if k >= 10 and sum(map(sum, times)) > 60:
                break
        for j in range(len(stores)):
            found[j][name] = sorted(times[j])
    for db in dbs:
        db.close()
    return found


def p99(times):
    return times[min(len(times) - 1, int(len(times) * 0.99))]


def lists():
    """Lists, filters and searches on a large store against the same on 100,000."""
    small, large = 100_000, 50_000_000 if Settings.full else 200_000 if Settings.quick else 1_000_000
    count = 40 if Settings.quick else 200
    head(f"lists: {large:,} certificates against {small:,}", "the store filled directly (encoded certificates left out), one organization,"
         f" batches of 1,000; {count} requests of each kind over TLS")
    with Instance() as a, Instance(port=100) as b:
        stores = [os.path.join(i.dir, "store", "certmill.db") for i in (a, b)]
        for i, store, n in zip((a, b), stores, (small, large)):
            i.stop()
            begin = time.monotonic()
            tool("fill_store", store, 1, IDEVID, n)
            took = time.monotonic() - begin
            with pinned(i.cpus):
                i.start()
            said(f"{n:,} certificates", f"{os.path.getsize(store) / 2**20:,.0f} MiB, filled in {took:.0f} s")
        times = ask_all((a, b), stores, count)
        db = sqlite3.connect(f"file:{stores[1]}?mode=ro", uri=True)
        for name, sql in PLANS:
            plan = db.execute("EXPLAIN QUERY PLAN " + sql + " LIMIT 51").fetchall()
            said(f"plan, {name}", "; ".join(line[3] for line in plan))
        db.close()
    for name in times[0]:
        a, b = times[0][name], times[1][name]
        said(name, f"median {1e3 * statistics.median(a):.1f} -> {1e3 * statistics.median(b):.1f} ms,"
             f" p99 {1e3 * p99(a):.1f} -> {1e3 * p99(b):.1f} ms")
        if name in BOUNDED:
            verdict("... no index: ends in time, p99 seconds", p99(b), 1, at_least=False)
        else:
            verdict("... p99, large / small", p99(b) / p99(a), 2, at_least=False)
