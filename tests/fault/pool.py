"""Key pairs made in advance: an order is served from them, and none is given twice, whoever is killed and when."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import time

from certmill import PROGRAM, Client, Instance

SIZE = 40
# SubjectPublicKeyInfo of an RSA key of 2048 bits, as far as its modulus; 294 octets in all.
RSA_2048 = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f00")
SPKI_LEN = 294


def query(it, sql, *args):
    db = sqlite3.connect(f"file:{it.dir}/store/certmill.db?mode=ro", uri=True, timeout=20)
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def pool(it):
    return {row[0] for row in query(it, "SELECT spki FROM pool_key WHERE kind = 'RSA 2048'")}


def keys_of(it, where="1 = 1"):
    """Public keys of certificates that were ever signed for devices, orphans too."""
    found = []
    for (der,) in query(it, f"SELECT d.der FROM certificate_der d JOIN certificate c ON c.id = d.certificate_id WHERE {where}"):
        at = der.find(RSA_2048)
        if at >= 0:
            found.append(der[at:at + SPKI_LEN])
    return found


def said(it):
    out = subprocess.run([PROGRAM, "keys", "pool", "--dir", it.dir, "--json"], check=True, capture_output=True, text=True, timeout=60).stdout
    return sum(p["ready"] for p in json.loads(out)["items"])


def filled(it, n=SIZE, timeout_s=120):
    end = time.monotonic() + timeout_s
    while len(pool(it)) < n:
        assert time.monotonic() < end, f"{len(pool(it))} of {n} pairs after {timeout_s} s"
        time.sleep(0.1)


def check(checks, order, dice):
    with Instance() as it:
        it.stop()
        with open(os.path.join(it.dir, "certmill.conf"), "a", encoding="utf8") as f:
            f.write(f"\n[worker]\npool_rsa_2048 = {SIZE}\n")
        it.start()
        c = Client(it)
        rsa = c.profiles()["rsa"]
        with checks.step(f"a pool of {SIZE} key pairs fills by itself, and serves an order"):
            filled(it)
            assert said(it) == SIZE, said(it)
            ready = pool(it)
            b = order(c, rsa, "served", 30)
            c.settled(b["id"])
            used = keys_of(it, f"c.batch_id = {b['id']}")
            assert len(used) == len(set(used)) == 30, f"{len(set(used))} keys in {len(used)} certificates"
            assert set(used) <= ready, f"{len(set(used) - ready)} keys of the order were not from the pool"
            assert not set(used) & pool(it), "a key that was used is in the pool"
        with checks.step("workers killed while the pool is filled and emptied: no key twice"):
            batches = []
            for k in range(6):
                if k % 2:
                    filled(it, SIZE // 2)
                batches.append(order(c, rsa, f"killed {k}", 20))
                time.sleep(dice.uniform(0, 0.5))
                for pid in it.children("worker"):
                    os.kill(pid, signal.SIGKILL)
            for b in batches:
                b = c.settled(b["id"])
                assert (b["succeeded"], b["failed"]) == (20, 0), b
            used = keys_of(it)
            assert len(used) >= 150 and len(used) == len(set(used)), f"{len(used) - len(set(used))} keys in two certificates"
            assert not set(used) & pool(it), "a key that was used is in the pool"
        with checks.step("everything killed while the pool is filled; it fills again, and certmill check has nothing to say"):
            it.kill_all()
            it.start(30)
            filled(it)
            subprocess.run([PROGRAM, "check", "--dir", it.dir], check=True, capture_output=True, timeout=120)
        with checks.step("a key that was used is put back into the pool: certmill check names it"):
            it.stop()
            key = keys_of(it)[0]
            db = sqlite3.connect(f"{it.dir}/store/certmill.db", timeout=20)
            db.execute("INSERT INTO pool_key SELECT ?, host, kind, worker_key_id, ?, sealed, created_at FROM pool_key LIMIT 1",
                       (hashlib.sha256(key).digest(), key))
            db.commit()
            db.close()
            done = subprocess.run([PROGRAM, "check", "--dir", it.dir, "--no-signer", "--json"], check=False, capture_output=True, text=True, timeout=120)
            rules = {f["rule"] for f in json.loads(done.stdout)["faults"]}
            assert done.returncode == 1 and rules == {"pool"}, (done.returncode, rules)
