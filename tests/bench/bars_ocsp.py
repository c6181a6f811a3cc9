"""OCSP: ready answers, fresh signatures, a large store; beside the same HTTP library, cfssl, and the least work."""

import base64
import contextlib
import http.client
import json
import os
import random
import shutil
import socket
import sqlite3
import statistics
import subprocess
import time

from common import HERE, TOOLS, Instance, Settings, cpu_seconds, head, median_ratio, peak_mib, pinned, said, spread, tool, told, verdict

IDEVID, CA = 801, "idevid-ca1"
SMALL = 10_000
HOT = 1_000		# certificates that are asked about again and again


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82, n >> 8, n & 255])) + body


class Asker:
    """Requests about certificates of one CA, as files for the load generator."""

    def __init__(self, instance):
        chain = subprocess.run(["sqlite3", store_of(instance), f"SELECT hex(der) FROM ca WHERE name = '{CA}'"], check=True,
                               capture_output=True, text=True).stdout
        path, out = os.path.join(instance.parent, "ca.pem"), os.path.join(instance.parent, "request.der")
        pem = base64.encodebytes(bytes.fromhex(chain.strip())).decode()
        with open(path, "w", encoding="ascii") as f:
            f.write(f"-----BEGIN CERTIFICATE-----\n{pem}-----END CERTIFICATE-----\n")
        subprocess.run(["openssl", "ocsp", "-issuer", path, "-serial", "0x" + "5a" * 16, "-no_nonce", "-reqout", out], check=True,
                       capture_output=True)
        with open(out, "rb") as f:
            whole = f.read()
        self.one, self.found = whole[whole.index(b"\x30\x09\x06\x05") - 2:], b"\x5a" * 16
        self.instance = instance

    def request(self, serial, nonce=None):
        parts = [der(0x30, der(0x30, self.one.replace(self.found, serial)))]
        if nonce:
            oid = bytes.fromhex("06092b0601050507300102")
            parts.append(der(0xa2, der(0x30, der(0x30, oid, der(0x04, der(0x04, nonce))))))
        return der(0x30, der(0x30, *parts))

    def file(self, name, serials, nonce=False):
        path = os.path.join(self.instance.parent, name)
        rng = random.Random(3)
        with open(path, "wb") as f:
            for serial in serials:
                request = self.request(serial, rng.randbytes(32) if nonce else None)
                f.write(len(request).to_bytes(2, "big") + request)
        return path

    def serials(self, n, seed):
        db = sqlite3.connect(f"file:{store_of(self.instance)}?mode=ro", uri=True)
        top, rng = db.execute("SELECT max(id) FROM certificate").fetchone()[0], random.Random(seed)
        rows = [db.execute("SELECT serial FROM certificate WHERE id = ?", (k,)).fetchone() for k in rng.sample(range(1, top + 1), n)]
        db.close()
        return [row[0] for row in rows]


def store_of(instance):
    return os.path.join(instance.dir, "store", "certmill.db")


def post(port, request):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        c.request("POST", "/ocsp", request, {"Content-Type": "application/ocsp-request"})
        r = c.getresponse()
        data = r.read()
        if r.status != 200 or len(data) < 100:
            raise RuntimeError(f"OCSP: {r.status}, {data[:40]!r}")
        return data
    finally:
        c.close()


def load(port, requests, pids, seconds, connections=16):
    """The server's processes while wrk asks as fast as it can; what wrk counted."""
    cpu = cpu_seconds(pids)
    with pinned(Settings.cpus[:1]):
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", os.path.join(HERE, "ocsp.lua"),
                               f"http://127.0.0.1:{port}/ocsp"], env={**os.environ, "OCSP_REQUESTS": requests},
                              capture_output=True, text=True)
    cpu = cpu_seconds(pids) - cpu
    if done.returncode != 0:
        raise RuntimeError(f"wrk: {done.stderr.strip()}")
    said_ = json.loads(done.stdout.strip().splitlines()[-1])
    if said_["errors"] or not said_["requests"]:
        raise RuntimeError(f"wrk met errors: {said_}")
    return {"n": said_["requests"], "wall_s": said_["us"] / 1e6, "cpu_s": cpu, "p50": said_["p50_us"], "p99": said_["p99_us"]}


@contextlib.contextmanager
def running(port, *words, env=None, cwd=None):
    """A server of somebody else's on the CPU where ours run too; its process id, once it listens."""
    with pinned(Settings.cpus[-1:]):
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})}, cwd=cwd)
    try:
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            if time.monotonic() > end or child.poll() is not None:
                raise RuntimeError(f"{words[0]} does not listen")
            time.sleep(0.02)
        yield child.pid
    finally:
        child.kill()
        child.wait()


def by_turns(ours, theirs, seconds):
    """(port, requests, pids, connections) each: the reference first and last; the first pair warms up."""
    found = {"ours": [], "theirs": []}
    for k in range(Settings.repetitions + 1):
        for name, at in (("theirs", theirs), ("ours", ours)):
            port, requests, pids, connections = at
            run = load(port, requests, pids, seconds, connections)
            if k > 0:
                found[name].append(run)
    port, requests, pids, connections = theirs
    found["theirs"].append(load(port, requests, pids, seconds, connections))
    return found["ours"], found["theirs"]


def rate(runs, per):
    return [r["n"] / r[per] for r in runs]


def say(what, runs):
    said(what, spread(rate(runs, "wall_s")) + f", {spread(rate(runs, 'cpu_s'), ' per CPU s')}")


def compare(what, bar, ours, theirs, name):
    say("ours", ours)
    say(name, theirs)
    verdict(what, median_ratio(rate(ours, "wall_s"), rate(theirs, "wall_s")), bar)
    told("... by CPU seconds", median_ratio(rate(ours, "cpu_s"), rate(theirs, "cpu_s")))


class Responder(Instance):
    """A demo whose store holds n certificates, its status process reachable without nginx."""

    def __init__(self, n, port=0):
        # Lists of a hundred thousand entries would be made while answers are timed.
        super().__init__({"status": {"listen": "127.0.0.1:0", "publish": "no"}, "nginx": {"workers": 1}}, cpus=Settings.cpus[-1:],
                         port=port)
        self.n = n
        self.direct = self.base + 90
        self.conf["status"]["listen"] = f"127.0.0.1:{self.direct}"

    def __enter__(self):
        super().__enter__()
        self.stop()
        began = time.monotonic()
        tool("fill_store", store_of(self), 1, IDEVID, self.n)
        said(f"{self.n:,} certificates", f"{os.path.getsize(store_of(self)) / 2**20:,.0f} MiB, filled in {time.monotonic() - began:.0f} s")
        with pinned(self.cpus):
            self.start()
        self.note_pids()
        self.asker = Asker(self)
        self.hot = self.asker.file("hot", self.asker.serials(HOT, 5))
        return self

    def note_pids(self):
        self.pids = {kind: self.children(kind) for kind in ("nginx", "status", "signer")}

    def warm(self):
        for _ in range(2):
            load(self.direct, self.hot, self.pids["status"], 1)


def ready_answers(i, seconds):
    """Answers that are signed already, straight at the status process and through nginx."""
    i.warm()
    status = i.pids["status"]
    port = i.base + 91
    with running(port, os.path.join(TOOLS, "ocsp_constant"), str(port)) as pid:
        compare("ready answers, ours / constant", 0.8, *by_turns((i.direct, i.hot, status, 16), (port, i.hot, [pid], 16), seconds),
                "same library, constant 1.5 kB")
    ours = [load(i.direct, i.hot, status, seconds) for _ in range(2)]
    theirs = cfssl(i, seconds)
    if theirs is None:
        said("cfssl ocspserve", "not measured: cfssl is not installed (Debian: golang-cfssl)")
    else:
        say(f"cfssl ocspserve, {HOT:,} ready answers", theirs)
        verdict("ready answers, ours / cfssl, by CPU", median_ratio(rate(ours, "cpu_s"), rate(theirs, "cpu_s")), 4)
    with front(i) as (port, pids):
        compare("through nginx, ours / constant", 0.8,
                *by_turns((i.base + 80, i.hot, status + i.pids["nginx"], 16), (port, i.hot, pids, 16), seconds),
                "through nginx, constant 1.5 kB")


def cfssl(i, seconds):
    """The same answers in its hands."""
    if shutil.which("cfssl") is None:
        return None
    path, port = os.path.join(i.parent, "answers.txt"), i.base + 92
    with open(path, "w", encoding="ascii") as f:
        f.writelines(base64.b64encode(post(i.direct, i.asker.request(s))).decode() + "\n" for s in i.asker.serials(HOT, 5))
    with running(port, "cfssl", "ocspserve", "-address", "127.0.0.1", "-port", str(port), "-responses", path, "-loglevel", "5",
                 env={"GOMAXPROCS": "1"}) as pid:
        return [load(port, i.hot, [pid], seconds) for _ in range(3)][1:]


@contextlib.contextmanager
def front(i):
    """The instance's nginx once more, with the constant answer behind it: port, process ids."""
    folder, shift = os.path.join(i.parent, "front"), 20
    behind = os.path.join(i.dir, "run", "constant.sock")
    shutil.copytree(os.path.join(i.dir, "nginx"), folder, ignore=shutil.ignore_patterns("*.log", "*.pid"))
    path = os.path.join(folder, "nginx.conf")
    with open(path, encoding="utf8") as f:
        text = f.read().replace(os.path.join(i.dir, "run", "status.sock"), behind)
    for last in (443, 444, 80, 81):
        text = text.replace(f"listen {i.base + last}", f"listen {i.base + last + shift}")
        text = text.replace(f":{i.base + last}", f":{i.base + last + shift}")
    with open(path, "w", encoding="utf8") as f:
        f.write(text)
    with pinned(i.cpus):
        constant = subprocess.Popen([os.path.join(TOOLS, "ocsp_constant"), behind])
    port = i.base + 80 + shift
    try:
        with running(port, "nginx", "-p", folder, "-c", path, "-e", os.path.join(folder, "error.log")) as pid:
            kids = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True).stdout.split()
            try:
                yield port, [constant.pid, pid, *map(int, kids)]
            finally:
                for kid in kids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(kid), 9)
    finally:
        constant.kill()
        constant.wait()


def fresh_signatures(i, seconds):
    """A nonce asks for a signature of its own."""
    nonces = i.asker.file("nonces", i.asker.serials(5_000, 6), nonce=True)
    port = i.base + 93
    with running(port, os.path.join(TOOLS, "ocsp_sign"), str(port)) as pid:
        compare("fresh P-256 signature, ours / least work", 0.5,
                *by_turns((i.direct, nonces, i.pids["status"] + i.pids["signer"], 64), (port, nonces, [pid], 64), seconds),
                "least work, one thread")


def flat(instances, seconds):
    """The slowest one of a hundred, ready answers and first answers, on a small store and on a large one."""
    ready, first = ([], []), ([], [])
    for k in range(Settings.repetitions):
        for j, i in enumerate(instances):
            ready[j].append(load(i.direct, i.hot, i.pids["status"], seconds, connections=2)["p99"])
        for j, i in enumerate(instances):
            first[j].append(first_answers(i, 2_000, 100 + k))
    for name, found in (("ready", ready), ("first", first)):
        a, b = (statistics.median(f) for f in found)
        said(f"p99, {name} answers", f"{a:,.0f} -> {b:,.0f} microseconds")
        verdict(f"p99 of {name} answers, large / small", b / a, 1.5, at_least=False)


def first_answers(i, n, seed):
    """p99 in microseconds of n answers that nobody asked for before: looked up and signed."""
    requests = [i.asker.request(s) for s in i.asker.serials(n, seed)]
    c = http.client.HTTPConnection("127.0.0.1", i.direct, timeout=20)
    times = []
    with pinned(Settings.cpus[:1]):
        for request in requests:
            began = time.monotonic()
            c.request("POST", "/ocsp", request, {"Content-Type": "application/ocsp-request"})
            c.getresponse().read()
            times.append(1e6 * (time.monotonic() - began))
    c.close()
    return sorted(times)[int(n * 0.99)]


def start_of(i):
    """Seconds from the status process's start to its first answer, and its memory after all that was asked."""
    said("peak memory of the status process", f"{max(map(peak_mib, i.pids['status'])):.0f} MiB")
    verdict("peak memory of status, MiB", max(map(peak_mib, i.pids["status"])), 128, at_least=False)
    i.stop()
    with pinned(i.cpus):
        i.start()
    times = []
    for _ in range(Settings.repetitions):
        (pid,), request = i.children("status"), i.asker.request(i.asker.serials(1, 9)[0])
        began = time.monotonic()
        os.kill(pid, 9)
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, RuntimeError):
                post(i.direct, request)
                times.append(time.monotonic() - began)
                break
            time.sleep(0.01)
    i.note_pids()
    verdict("killed, started, answering, seconds", statistics.median(times), 0.5, at_least=False)


def ocsp():
    """OCSP: ready answers and fresh signatures; 10,000 certificates and 10,000,000."""
    large = 100_000 if Settings.quick else 10_000_000
    seconds = 1 if Settings.quick else 4
    head(f"ocsp: {SMALL:,} and {large:,} certificates", f"servers on CPU {Settings.cpus[-1]}, wrk on CPU {Settings.cpus[0]}, 16 connections"
         f" that stay, POST, {HOT:,} certificates by turns; P-256 delegate; SQLite, signer process")
    with Responder(large) as big:
        ready_answers(big, seconds)
        fresh_signatures(big, seconds)
        with Responder(SMALL, port=200) as small:
            small.warm()
            big.warm()
            flat((small, big), seconds)
        start_of(big)
