"""Orders made into certificates: from requests, and with keys made here."""

import os
import statistics
import time

import peers
from common import (PASSWORD, Client, Instance, Settings, head, limit, measure, median_ratio, peak_mib, rates, requests, said,
                    spread, told, tool, verdict)

IDEVID = 801


def csr_runs(i, client, n, profile, kind, repetitions, threads, ca, cpus=None, warm_up=True):
    """The reference and ours by turns, the reference first and last."""
    reference, ours = [], []
    for k in range(repetitions + warm_up):
        first = i.macs(n)
        path = requests(n, first, kind)
        reference.append(limit("csr", n, path, ca, threads, cpus))
        ours.append(measure(i, client, n, lambda: client.upload(
            {"method": "csr", "profile_id": profile, "name": f"csr-{n}-{k}"}, path)))
    reference.append(limit("csr", n, path, ca, threads, cpus))
    return reference[warm_up:], ours[warm_up:]


def say_runs(reference, ours, what="limit"):
    said("ours, accepted to ready", spread(rates(ours)))
    said("ours, upload to ready", spread(rates(ours, "whole_s")))
    said(f"{what}", spread(rates(reference)))
    said("ours, CPU microseconds a certificate", "accepting {:.1f}, issuing {:.1f}".format(
        *(statistics.median(1e6 * r[k] / r["n"] for r in ours) for k in ("accept_cpu_s", "cpu_s"))))
    said(f"{what}, CPU microseconds a certificate", "{:.1f}".format(
        statistics.median(1e6 * r["cpu_s"] / r["n"] for r in reference)))


def csr():
    """10,000 P-256 requests: against the limit, openssl ca, cfssl."""
    n = 2_000 if Settings.quick else 10_000
    head(f"csr: {n:,} P-256 requests, P-256 CA", f"instance and limit on CPUs {Settings.cpus}, limit with {len(Settings.cpus)} threads;"
         " SQLite, durable commits, signer process, journal, audit, ledger")
    with Instance() as i:
        reference, ours = csr_runs(i, Client(i), n, IDEVID, "p256", Settings.repetitions, len(Settings.cpus), "p256")
        path = requests(1000, i.macs(1000), "p256")
    say_runs(reference, ours)
    verdict("ours / limit", median_ratio(rates(ours), rates(reference)), 0.5)
    told("... by CPU seconds, issuing alone", median_ratio(rates(ours, "cpu_s"), rates(reference, "cpu_s")))
    told("... by CPU seconds, upload and all", median_ratio(rates(ours, "whole_cpu_s"), rates(reference, "cpu_s")))
    openssl = [peers.openssl_ca(path, 1000) for _ in range(3)]
    said("openssl ca -batch, 1,000 requests", spread(rates(openssl)) + f", {spread(rates(openssl, 'cpu_s'), ' per CPU s')}")
    verdict("ours, upload to ready / openssl ca", median_ratio(rates(ours, "whole_s"), rates(openssl)), 4)
    cfssl = peers.cfssl(path, 300 if Settings.quick else 1000)
    if cfssl is None:
        said("cfssl with SQLite", "not measured: cfssl is not installed (Debian: golang-cfssl)")
    else:
        said("cfssl serve, SQLite", spread(rates(cfssl, "cpu_s"), " per CPU s"))
        verdict("ours, upload to ready / cfssl, by CPU",
                median_ratio(rates(ours, "whole_cpu_s"), rates(cfssl, "cpu_s")), 6)


def rsa_profile(i):
    return i.profile("Bench RSA-2048", "idevid/idevid.json", id=8902, ca="cablelabs-cm-ca", ecosystem="docsis-3.0",
                     signature="sha256WithRSAEncryption", keys={
                         "server": [{"algorithm": "RSA", "size": 2048}], "csr": [{"algorithm": "RSA", "size": 2048}]})


def csr_rsa():
    """RSA-2048 requests under an RSA-2048 CA."""
    n = 300 if Settings.quick else 1_000
    head(f"csr_rsa: {n:,} RSA-2048 requests, RSA-2048 CA", "a profile for this: keys RSA-2048, CA cablelabs-cm-ca, SHA-256")
    with Instance() as i:
        profile = rsa_profile(i)
        reference, ours = csr_runs(i, Client(i), n, profile, "rsa2048", 3 if Settings.quick else Settings.repetitions,
                                   len(Settings.cpus), "rsa2048")
    say_runs(reference, ours)
    verdict("ours / limit", median_ratio(rates(ours), rates(reference)), 0.7)
    told("... by CPU seconds, upload and all", median_ratio(rates(ours, "whole_cpu_s"), rates(reference, "cpu_s")))


def cores():
    """Two cores against one."""
    n = 4_000 if Settings.quick else 20_000
    if len(Settings.cpus) < 2:
        head("cores: needs two CPUs")
        return
    head(f"cores: {n:,} P-256 requests on one CPU and on two", "instance pinned to them; a worker thread more than CPUs, one in the signer")
    rate, cpu = {}, {}
    for count in (1, 2):
        cpus = Settings.cpus[-count:]
        with Instance(cpus=cpus, signer_threads=1) as i:
            client = Client(i)
            runs = []
            for k in range(Settings.repetitions + 1):
                path = requests(n, i.macs(n))
                runs.append(measure(i, client, n, lambda: client.upload(
                    {"method": "csr", "profile_id": IDEVID, "name": f"cores-{k}"}, path)))
            rate[count], cpu[count] = rates(runs[1:]), [1e6 * r["cpu_s"] / n for r in runs[1:]]
        said(f"{count} CPU{'s' if count > 1 else ''}", spread(rate[count]) + f", {statistics.median(cpu[count]):.1f} CPU us each")
    verdict("two CPUs / one", median_ratio(rate[2], rate[1]), 1.7)
    told("CPU seconds each, one / two (1: scales)", statistics.median(cpu[1]) / statistics.median(cpu[2]))


def p12():
    """P-256 keys made here, in PKCS#12 files of 2,048 and of 100,000 rounds."""
    n = 2_000 if Settings.quick else 10_000
    head(f"p12: {n:,} P-256 keys made here, PKCS#12, one salt a batch",
         f"limit: derives three keys a device, sixteen lanes of SHA-256, {len(Settings.cpus)} threads")
    with Instance() as i:
        client = Client(i)
        slow = i.profile("Bench P-256, 100,000 rounds", "idevid/idevid.json", id=8901, download={
            "formats": ["p12"], "p12_mode": "modern", "p12_iterations": 100000, "p12_salt": "batch",
            "password_min_length": 8, "days_to_live": 90})
        reference, ours, many = [], [], []
        for k in range(Settings.repetitions + 1):
            reference.append(limit("p12", n, 2048, "p256", len(Settings.cpus)))
            first = i.macs(n)
            ours.append(measure(i, client, n, lambda: client.form(IDEVID, f"p12-{k}", n, first)))
            many.append(measure(i, client, n, lambda: client.form(slow, f"p12-many-{k}", n, first)))
        reference.append(limit("p12", n, 2048, "p256", len(Settings.cpus)))
        reference, ours, many = reference[1:], ours[1:], many[1:]
        opened = peers.open_p12(client, many[-1]["id"], PASSWORD)
    say_runs(reference, ours)
    said("ours, 100,000 rounds", spread(rates(many)))
    verdict("ours / limit, 2,048 rounds", median_ratio(rates(ours), rates(reference)), 1.3)
    told("... by CPU seconds, order and all", median_ratio(rates(ours, "whole_cpu_s"), rates(reference, "cpu_s")))
    verdict("100,000 rounds / 2,048", median_ratio(rates(many), rates(ours)), 0.9)
    told("... by CPU seconds", median_ratio(rates(many, "cpu_s"), rates(ours, "cpu_s")))
    said("a file of 100,000 rounds opens in", opened)


def rsa():
    """RSA-2048 keys made here, by both settings, and their generators alone."""
    n = 40 if Settings.quick else 400
    head(f"rsa: {n} RSA-2048 keys made here, PKCS#12", "generators alone by turns on one CPU, then whole orders")
    text = tool("rsa_rate", 2048, 1 if Settings.quick else 3, 3 if Settings.quick else 5, cpus=Settings.cpus[-1:])
    for line in text.splitlines():
        said("", line)
    alone = {w: float(line.split()[at]) for line in text.splitlines() for w, at in
             (("libcrypto", 2), ("nettle", 2)) if line.split()[1] == w}
    flags = open("/proc/cpuinfo", encoding="ascii").read()
    ifma = "avx512ifma" in flags
    words = text.split()
    fast = float(words[words.index("libcrypto", words.index("fast") + 1) + 1])
    library = float(words[words.index("nettle", words.index("library", words.index("nettle", words.index("fast"))) ) + 1])
    verdict(f"fast / libcrypto's generator{' (IFMA here)' if ifma else ''}", fast, 11 if ifma else 6)
    verdict("library / nettle alone", library, 0.95)
    for setting, against in (("fast", "libcrypto"), ("library", "nettle")):
        count = n if setting == "fast" else n // 4
        with Instance({"worker": {"rsa_keygen": setting}}) as i:
            client = Client(i)
            profile = rsa_profile(i)
            runs = [measure(i, client, count, lambda: client.form(profile, f"rsa-{k}", count, i.macs(count)))
                    for k in range(4)][1:]
        said(f"orders, rsa_keygen = {setting}", spread(rates(runs)) + f", {spread(rates(runs, 'cpu_s'), ' per CPU s')}")
        told(f"... by CPU seconds / {against} alone", statistics.median(rates(runs, "cpu_s")) / alone[against])


def million():
    """1,000,000 requests: the rate, the memory of web and worker, the download."""
    n = 50_000 if Settings.quick else 1_000_000
    small = 10_000
    head(f"million: {n:,} P-256 requests in one order", "once: what is compared is the same instance's rate at 10,000 before and after it;"
         " the download is read to its end over TLS")
    with Instance() as i:
        client = Client(i)
        before = [measure(i, client, small, lambda: client.upload(
            {"method": "csr", "profile_id": IDEVID, "name": f"small-{k}"}, requests(small, i.macs(small)))) for k in range(4)][1:]
        path = requests(n, i.macs(n))
        reference = [limit("csr", n, path, "p256", len(Settings.cpus))]
        ours = measure(i, client, n, lambda: client.upload({"method": "csr", "profile_id": IDEVID, "name": "million"}, path))
        after = [measure(i, client, small, lambda: client.upload(
            {"method": "csr", "profile_id": IDEVID, "name": f"after-{k}"}, requests(small, i.macs(small)))) for k in range(3)]
        begin, octets = time.monotonic(), 0
        answer = client.send("GET", f"/batches/{ours['id']}/download")
        while block := answer.read(1 << 20):
            octets += len(block)
        took = time.monotonic() - begin
        peaks = {kind: max(map(peak_mib, i.pids[kind])) for kind in ("web", "worker", "signer")}
        store = sum(os.path.getsize(os.path.join(i.dir, "store", f)) for f in os.listdir(os.path.join(i.dir, "store")))
    say_runs(reference, [ours])
    said(f"ours at {small:,}, before and after", f"{spread(rates(before))}; {spread(rates(after))}")
    said("download", f"{octets / 2**20:,.0f} MiB in {took:.1f} s, {n / took:,.0f} entries/s")
    said("store", f"{store / n:,.0f} octets a certificate, its log included")
    verdict("ours / limit", median_ratio(rates([ours]), rates(reference)), 0.5)
    verdict(f"rate at {n:,} / at {small:,}", ours["n"] / ours["wall_s"] / statistics.median(rates(before + after)), 0.9)
    told("... by CPU seconds", statistics.median(rates(before + after, "cpu_s")) ** -1 * ours["n"] / ours["cpu_s"])
    for kind, peak in peaks.items():
        verdict(f"peak memory of {kind}, MiB", peak, 128, at_least=False)


def small_beside(i, profile, what, n, count):
    """Orders of ten P-256 devices, one after the other, while n devices of the profile are being made."""
    client, quick_client = Client(i), Client(i)
    big = client.form(profile, f"big, {what}", n, i.macs(n))
    times, whole = [], []
    time.sleep(1)
    for k in range(count):
        begin = time.monotonic()
        b = quick_client.form(IDEVID, f"ten-{k}", 10, i.macs(10))
        while quick_client.get(f"/batches/{b['id']}")["succeeded"] == 0:
            time.sleep(0.005)
        times.append(time.monotonic() - begin)
        quick_client.wait(b["id"], every_s=0.005)
        whole.append(time.monotonic() - begin)
    state = client.get(f"/batches/{big['id']}")
    if state["status"] != "pending_issue":
        raise RuntimeError(f"the big order was {state['status']} before the small ones were done: too few devices")
    said(f"{what}: first certificate after", f"{spread([1e3 * t for t in times], ' ms')}")
    said("all ten after", f"{spread([1e3 * t for t in whole], ' ms')}; the big one stood at {state['succeeded']:,}")
    verdict("slowest first certificate, seconds", max(times), 0.5, at_least=False)


def small_order():
    """Ten devices while a million are being made."""
    n, rsa_n = (100_000, 2_000) if Settings.quick else (1_000_000, 20_000)
    head(f"small_order: ten P-256 devices while an order of {n:,} is being made, and while {rsa_n:,} RSA keys are",
         "keys made here; every time a new order of ten, by the same organization")
    count = 5 if Settings.quick else 20
    with Instance() as i:
        small_beside(i, IDEVID, "beside P-256", n, count)
    with Instance() as i:
        small_beside(i, rsa_profile(i), "beside RSA-2048", rsa_n, count)
