"""The faults: a name, what it needs, what it does.  Each returns when it is over, with what it hit: one that hit nothing
has failed."""

import contextlib
import http.client
import os
import signal
import subprocess
import time

from patient import KINDS, LEASE_S
from wires import BACK, THERE

DAY_S = 86400


def hit(pids, what="killed"):
    assert pids, "there was nothing to hit"
    return f"{what} {', '.join(map(str, pids))}"


# ---- processes ----

def kill(kind):
    def fault(it, dice):
        return hit(it.signal(it.children(kind), signal.SIGKILL))
    return fault


def kill_supervisor(it, dice):
    """The rest is told by the kernel, ends what is half done and goes."""
    family = it.family()
    it.child.kill()
    it.child.wait()
    it.child = None
    end = time.monotonic() + 30
    from certmill import alive
    while left := [p for p in family if alive(p)]:
        assert time.monotonic() < end, f"{left} outlive their supervisor"
        time.sleep(0.05)
    it.start(60)
    return hit(family[:1])


def kill_all(it, dice):
    pids = it.family()
    it.kill_all()
    time.sleep(dice.uniform(0, 0.3))
    it.start(60)
    return hit(pids)


def kill_again(*kinds):
    def fault(it, dice):
        pids = []
        for _ in range(4):
            pids += it.signal([p for k in kinds for p in it.children(k)], signal.SIGKILL)
            time.sleep(dice.uniform(0.2, 0.5))
        return hit(pids)
    return fault


def freeze(kind, least_s, most_s, one=False):
    def fault(it, dice):
        pids = it.signal(it.children(kind)[:1 if one else None], signal.SIGSTOP)
        time.sleep(dice.uniform(least_s, most_s))
        it.signal(pids, signal.SIGCONT)
        return hit(pids, "stopped")
    return fault


# ---- clocks ----

def jump(days, *kinds):
    def fault(it, dice):
        before = it.clocks.reads()
        it.clocks.set(days * DAY_S, kinds or KINDS)
        time.sleep(dice.uniform(0.3, 2))
        it.clocks.set(0)
        reads = {k: n - before[k] for k, n in it.clocks.reads().items()}
        for k in kinds or ("web", "worker"):
            assert reads[k] > 0, f"no {k} process looked at its clock: {reads}"
        return "looked at: " + ", ".join(f"{k} {n}" for k, n in reads.items() if n)
    return fault


def jump_and_kill(it, dice):
    """What was leased by a clock a day ahead is in nobody's hands when the clock is right again."""
    it.clocks.set(DAY_S)
    time.sleep(dice.uniform(0.2, 0.6))
    pids = it.signal(it.children("worker"), signal.SIGKILL)
    it.clocks.set(0)
    return hit(pids)


# ---- disks ----

def full(disk, most_s=2.0):
    def fault(it, dice):
        left = it.fill(disk, dice.choice((0, 4096, 1 << 20)))
        time.sleep(dice.uniform(0.3, most_s))
        it.drain(disk)
        if it.cluster is not None and disk == "store":
            pid = it.cluster.first.pid()
            it.cluster.first.back()
            return f"down to {left} octets; the server {'lived' if pid else 'had ended'}"
        return f"down to {left} octets"
    return fault


def full_and_kill(disk):
    def fault(it, dice):
        left = it.fill(disk, 0)
        time.sleep(dice.uniform(0.1, 0.8))
        kind = dice.choice(("worker", "signer", "web", "status"))
        pids = it.signal(it.children(kind), signal.SIGKILL)
        time.sleep(dice.uniform(0.1, 0.8))
        it.drain(disk)
        return f"down to {left} octets; " + hit(pids, f"killed {kind}")
    return fault


# ---- the signer ----

def refuses(it, dice):
    """It starts without its profiles, refuses everything, and has them again."""
    where = os.path.join(it.dir, "signer", "profiles")
    away = where + ".away"
    was = it.children("signer")
    os.mkdir(away, 0o700)
    files = os.listdir(where)
    for f in files:     # the folder stays: a confined signer could not read another
        os.rename(os.path.join(where, f), os.path.join(away, f))
    seen = len(it.log())
    it.signal(was, signal.SIGKILL)
    time.sleep(dice.uniform(0.8, 2.5))
    for f in files:
        os.rename(os.path.join(away, f), os.path.join(where, f))
    os.rmdir(away)
    end = time.monotonic() + 20
    while not (pids := set(it.children("signer")) - set(was)):
        assert time.monotonic() < end, "the signer does not come back"
        time.sleep(0.05)
    time.sleep(0.3)
    it.signal(pids, signal.SIGHUP)
    return f"{it.log()[seen:].count('code=doc_')} refusals"


def ask_ready(it):
    c = http.client.HTTPConnection("localhost", it.base + 81, timeout=20)
    with contextlib.suppress(OSError, http.client.HTTPException):
        c.request("GET", "/readyz")
        c.getresponse().read()
    c.close()


def wire_of(it, role):
    return it.cluster.wires() if role == "store" else [it.wires[role]]


def done_to(wires, before):
    return f"{sum(w.hits for w in wires) - before} messages and connections"


def cut(role, least_s=0.1, most_s=2.5):
    def fault(it, dice):
        wires = wire_of(it, role)
        before = sum(w.hits for w in wires)
        for w in wires:
            w.cut()
        end = time.monotonic() + dice.uniform(least_s, most_s)
        while time.monotonic() < end:
            if role == "ops":
                ask_ready(it)       # nobody else uses it all the time
            time.sleep(0.1)
        for w in wires:
            w.mend()
        return done_to(wires, before)
    return fault


def torn(role, way):
    def fault(it, dice):
        wires = wire_of(it, role)
        before = sum(w.hits for w in wires)
        for w in wires:
            w.tear[way] = dice.randrange(1, 6)
        time.sleep(dice.uniform(0.5, 2))
        for w in wires:
            w.mend()
        return done_to(wires, before)
    return fault


def silent(role, least_s, most_s):
    def fault(it, dice):
        wires = wire_of(it, role)
        before = sum(w.hits for w in wires)
        for w in wires:
            w.silent()
        time.sleep(dice.uniform(least_s, most_s))
        for w in wires:
            if dice.random() < 0.5:
                w.cut()
            w.mend()
        return done_to(wires, before)
    return fault


def slow(role, least_s, most_s, for_s):
    def fault(it, dice):
        wires = wire_of(it, role)
        before = sum(w.hits for w in wires)
        for w in wires:
            w.delay_s = dice.uniform(least_s, most_s)
        time.sleep(for_s)
        for w in wires:
            w.mend()
        return done_to(wires, before)
    return fault


# ---- the store's server ----

def lose_commits(it, dice):
    wires = it.cluster.wires()
    before = sum(w.hits for w in wires)
    for w in wires:
        w.lose = dice.randrange(1, 9)
    time.sleep(2)
    for w in wires:
        w.lose = 0
    return done_to(wires, before)


def kill_store(it, dice):
    pid = it.cluster.first.kill()
    time.sleep(dice.uniform(0, 1))
    it.cluster.first.back()
    return hit([pid])


def restart_store(it, dice):
    how = dice.choice(("immediate", "fast"))
    it.cluster.first.ctl("restart", "-m", how)
    return how


def fail_over(it, dice):
    pid, lost = it.cluster.fail_over()
    with contextlib.suppress(subprocess.SubprocessError):
        time.sleep(dice.uniform(0, 0.5))
    it.cluster.whole_again(lost)
    return hit([pid]) + f", port {it.cluster.first.port} took over"


FAULTS = [
    ("web killed", "", kill("web")),
    ("workers killed", "", kill("worker")),
    ("signer killed", "", kill("signer")),
    ("nginx killed", "", kill("nginx")),
    ("status killed", "", kill("status")),
    ("the supervisor killed", "", kill_supervisor),
    ("everything killed", "", kill_all),
    ("workers and signer killed again and again", "", kill_again("worker", "signer")),
    ("web and status killed again and again", "", kill_again("web", "status")),
    ("a worker stands still past its lease", "", freeze("worker", LEASE_S + 1.2, LEASE_S + 3, one=True)),
    ("all workers stand still past their leases", "", freeze("worker", LEASE_S + 1.2, LEASE_S + 2)),
    ("the signer stands still", "", freeze("signer", 0.5, LEASE_S + 2.5)),
    ("the web stands still", "", freeze("web", 0.3, 3)),
    ("nginx stands still", "", freeze("nginx", 0.3, 2)),
    ("the signer refuses", "", refuses),
    ("the signer answers late", "", slow("worker", 0.5, LEASE_S + 1, LEASE_S + 1)),
    ("workers' wire to the signer is cut", "", cut("worker")),
    ("requests to the signer are torn", "", torn("worker", THERE)),
    ("answers of the signer are torn", "", torn("worker", BACK)),
    ("workers' wire to the signer is silent", "", silent("worker", 0.5, LEASE_S + 2)),
    ("status' wire to the signer is cut", "", cut("status")),
    ("answers to status are torn", "", torn("status", BACK)),
    ("the web's wire to the signer is cut", "", cut("ops")),
    ("all clocks jump a day ahead", "clock", jump(1)),
    ("all clocks jump a day back", "clock", jump(-1)),
    ("the workers' clock jumps a day ahead", "clock", jump(1, "worker")),
    ("the workers' clock jumps a day back", "clock", jump(-1, "worker")),
    ("the web's clock jumps a day ahead", "clock", jump(1, "web")),
    ("the web's clock jumps a day back", "clock", jump(-1, "web")),
    ("the signer's clock jumps a day ahead", "clock", jump(1, "signer")),
    ("the signer's clock jumps a day back", "clock", jump(-1, "signer")),
    ("the status' clock jumps a day ahead", "clock", jump(1, "status")),
    ("the status' clock jumps a day back", "clock", jump(-1, "status")),
    ("all clocks are set back a day under dead workers", "clock", jump_and_kill),
    ("all disks are full", "disk", full("all")),
    ("the store's disk is full", "disk", full("store")),
    ("the journal's disk is full", "disk", full("journal")),
    ("all disks are full, and something dies", "disk", full_and_kill("all")),
    ("the journal's disk is full, and something dies", "disk", full_and_kill("journal")),
    ("the wire to the store is cut", "postgresql", cut("store")),
    ("queries are torn", "postgresql", torn("store", THERE)),
    ("answers of the store are torn", "postgresql", torn("store", BACK)),
    ("the wire to the store is silent", "postgresql", silent("store", 0.5, LEASE_S + 2)),
    ("the wire to the store is slow", "postgresql", slow("store", 0.01, 0.06, 2)),
    ("answers to COMMIT are lost", "postgresql", lose_commits),
    ("the store is killed", "postgresql", kill_store),
    ("the store is started again", "postgresql", restart_store),
    ("the first server is lost, the second takes over", "postgresql", fail_over),
]
