"""What the measurements share: an instance of one's own, CPU seconds by process, reference programs, lines that say it."""

import contextlib
import glob
import http.client
import json
import os
import re
import ssl
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import certmill  # noqa: E402
from certmill import BUILD, PASSWORD, PROGRAM, RESTING, ROOT, mac  # noqa: E402, F401

TOOLS = os.path.join(BUILD, "tests", "bench")
KINDS = ("nginx", "web", "worker", "signer")
# Addresses of the demo's organization: 00:1A:2B and 00:1D:D1, sixteen million each.
FIRST_MAC, SECOND_MAC = 0x001A2B000000, 0x001DD1000000


class Settings:
    """Filled by tests/bench/run."""
    quick = False
    full = False
    work = None
    port_base = None
    cpus = sorted(os.sched_getaffinity(0))
    repetitions = 5
    failed = 0


def cpu_seconds(pids):
    """User and system time of all their threads, with those that have ended, to the nanosecond."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            # The clock of another process, as clock_getcpuclockid(3) makes it.
            total += time.clock_gettime_ns((~pid << 3) | 2)
    return total / 1e9


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024


@contextlib.contextmanager
def pinned(cpus):
    """What is started inside runs on these CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Instance(certmill.Instance):
    """A demo with a configuration of its own, pinned."""

    def __init__(self, conf=None, cpus=None, signer_threads=None, port=0):
        os.environ["WORK"] = Settings.work
        super().__init__()
        if Settings.port_base:
            self.base = Settings.port_base + port
        self.cpus = cpus or Settings.cpus
        self.conf = {"web": {"upload_max": "2G"}, **(conf or {})}
        self.signer_threads = signer_threads
        self.next_mac = {FIRST_MAC: FIRST_MAC, SECOND_MAC: SECOND_MAC}

    def __enter__(self):
        with pinned(self.cpus):
            self.start()
            self.stop()
            path = os.path.join(self.dir, "certmill.conf")
            with open(path, encoding="utf8") as f:
                text = f.read()
            for section, values in self.conf.items():
                lines = "".join(f"{k} = {v}\n" for k, v in values.items())
                text = text.replace(f"[{section}]\n", f"[{section}]\n{lines}") if f"[{section}]\n" in text \
                    else f"{text}\n[{section}]\n{lines}"
            with open(path, "w", encoding="utf8") as f:
                f.write(text)
            if self.signer_threads is not None:
                path = os.path.join(self.dir, "signer", "signer.conf")
                with open(path, encoding="utf8") as f:
                    text = f.read().replace("[signer]\n", f"[signer]\nthreads = {self.signer_threads}\n")
                with open(path, "w", encoding="utf8") as f:
                    f.write(text)
            self.start()
        self.pids = {kind: self.children(kind) for kind in KINDS}
        self.organization = self.user("orderer")["organization"]
        for p in Client(self).get("/profiles?limit=1000")["items"]:
            if p["quota"] is not None and p["quota"]["allocated"] > 1000:
                self.admin("quota", "top-up", self.organization, str(p["id"]), "20000000", "--reason", "measurements")
        return self

    def admin(self, *words):
        done = subprocess.run([PROGRAM, words[0], words[1], *words[2:], "--dir", self.dir], text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"certmill {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def cpu(self, *kinds):
        return cpu_seconds([pid for kind in kinds or KINDS for pid in self.pids[kind]])

    def profile(self, name, based_on, **changes):
        """A profile like another one of the packs, with changes; the signer accepts it at once.  Returns its number."""
        with open(os.path.join(ROOT, "profiles", based_on), encoding="utf8") as f:
            document = json.load(f)
        document.update(changes, name=name, version=1)
        path = os.path.join(self.parent, f"{document['id']}.json")
        with open(path, "w", encoding="utf8") as f:
            json.dump(document, f)
        number = str(document["id"])
        self.admin("profile", "import", path)
        self.admin("profile", "activate", number)
        self.admin("quota", "grant", self.organization, number)
        self.admin("quota", "top-up", self.organization, number, "20000000", "--reason", "measurements")
        return document["id"]

    def macs(self, n, block=FIRST_MAC):
        """The first of n addresses that nobody has had."""
        first = self.next_mac[block]
        self.next_mac[block] += n
        return first


class Client:
    """One user, one connection that stays."""

    def __init__(self, instance, role="orderer", other=False):
        self.instance = instance
        self.token = instance.user(role, other)["token"]
        self.tls = ssl.create_default_context(cafile=instance.demo["ca_bundle"])
        self.connection = None
        self.used = 0

    def send(self, method, path, body=None, headers=None):
        """The answer, unread."""
        # The server closes what is idle for a minute or so.
        if self.connection is not None and time.monotonic() - self.used > 10:
            self.connection.close()
            self.connection = None
        if self.connection is None:
            self.connection = http.client.HTTPSConnection("localhost", self.instance.base + 443, context=self.tls,
                                                          timeout=1200, blocksize=1 << 18)
        try:
            self.connection.request(method, "/api/v1" + path, body=body,
                                    headers={"Authorization": f"Bearer {self.token}", **(headers or {})})
            answer = self.connection.getresponse()
            self.used = time.monotonic()
            return answer
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def call(self, method, path, expect, body=None, headers=None):
        r = self.send(method, path, body, headers)
        data = r.read()
        if r.status != expect:
            raise RuntimeError(f"{method} {path}: {r.status} {data[:400]!r}")
        return json.loads(data)

    def get(self, path):
        return self.call("GET", path, 200)

    def upload(self, order, path, query="", expect=201):
        boundary = "certmill-bench-7d1f"
        head = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"order\"\r\nContent-Type: application/json\r\n\r\n"
                f"{json.dumps(order)}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n"
                "Content-Type: text/plain\r\n\r\n").encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        def parts():
            yield head
            with open(path, "rb") as f:
                while block := f.read(1 << 18):
                    yield block
            yield tail

        length = len(head) + os.path.getsize(path) + len(tail)
        return self.call("POST", "/batches" + query, expect, parts(),
                         {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": str(length)})

    def form(self, profile_id, name, n, first, expect=201, **more):
        order = {"method": "form", "profile_id": profile_id, "name": name, "size": n, "pkcs12_password": PASSWORD,
                 "inputs": {"mac_address": mac(first)}, **more}
        if n > 1:
            order["generator"] = {"input": "mac_address", "increment": 1}
        return self.call("POST", "/batches", expect, json.dumps(order), {"Content-Type": "application/json"})

    def wait(self, batch_id, timeout_s=3600, every_s=0.02):
        end = time.monotonic() + timeout_s
        while True:
            b = self.get(f"/batches/{batch_id}")
            if b["status"] in RESTING:
                if b["status"] != "ready_for_download":
                    raise RuntimeError(f"batch {batch_id} is {b['status']}: {b['succeeded']} of {b['size']}")
                return b
            if time.monotonic() > end:
                raise RuntimeError(f"batch {batch_id}: {b['succeeded']} of {b['size']} after {timeout_s} s")
            time.sleep(every_s)


def measure(instance, client, n, order):
    """One order: `order` places it.  Seconds and CPU seconds of accepting it, and from then to ready."""
    cpu0, t0 = instance.cpu(), time.monotonic()
    batch = order()
    cpu1, t1 = instance.cpu(), time.monotonic()
    client.wait(batch["id"], every_s=0.02 if n <= 100_000 else 0.5)
    cpu2, t2 = instance.cpu(), time.monotonic()
    return {"n": n, "id": batch["id"], "accept_s": t1 - t0, "wall_s": t2 - t1, "accept_cpu_s": cpu1 - cpu0,
            "cpu_s": cpu2 - cpu1, "whole_s": t2 - t0, "whole_cpu_s": cpu2 - cpu0}


def tool(name, *words, cpus=None):
    """A program of this folder; what it says as JSON, or its text."""
    with pinned(cpus or Settings.cpus):
        done = subprocess.run([os.path.join(TOOLS, name), *map(str, words)], text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{name} {' '.join(map(str, words))}: {done.stderr.strip()}")
    text = done.stdout.strip()
    return json.loads(text) if text.startswith("{") else text


def limit(kind, n, third, ca, threads, cpus=None):
    store = os.path.join(Settings.work, "limit.db")
    for path in glob.glob(store + "*"):
        os.unlink(path)
    try:
        return tool("limit", kind, n, third, ca, threads, store, cpus=cpus)
    finally:
        for path in glob.glob(store + "*"):
            os.unlink(path)


def requests(n, first, kind="p256", part=0):
    """A file of n requests; kept for the next run in the same work directory."""
    path = os.path.join(Settings.work, f"{kind}-{n}-{first:x}-{part}.pem")
    if not os.path.exists(path):
        tool("make_csrs", n, kind, f"{first:x}", path + ".new")
        os.rename(path + ".new", path)
    return path


# ---- saying it ----

def head(title, *ran):
    print(f"\n== {title}")
    for line in ran:
        print(f"   {line}")
    sys.stdout.flush()


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def spread(values, unit="/s"):
    values = sorted(values)
    return f"{number(statistics.median(values))}{unit} ({number(values[0])} - {number(values[-1])}, {len(values)} runs)"


def rates(runs, seconds="wall_s", n="n"):
    return [r[n] / r[seconds] for r in runs]


def said(what, text):
    print(f"   {what:<44} {text}")
    sys.stdout.flush()


def verdict(what, ratio, bar, at_least=True, text=None):
    ok = ratio >= bar if at_least else ratio <= bar
    Settings.failed += not ok
    shown = text or f"{ratio:.3g}"
    print(f"   {'ok  ' if ok else 'MISS'} {what:<39} {shown}   bar: {'at least' if at_least else 'at most'} {bar:g}")
    sys.stdout.flush()


def told(what, ratio):
    """A ratio without a bar."""
    print(f"        {what:<39} {ratio:.3g}")


def median_ratio(ours, reference):
    return statistics.median(ours) / statistics.median(reference)
