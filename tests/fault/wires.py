"""Wires that can be cut, in the middle of a message too, fall silent or get slow: TCP to a store, Unix sockets to
a signer."""

import contextlib
import os
import socket
import threading
import time

THERE, BACK = "there", "back"


class Wire:
    """A proxy in this process.  `hits` counts what was done to messages and connections."""

    def __init__(self, upstream, path=None):
        self.upstream, self.path = upstream, path
        self.whole, self.flows = threading.Event(), threading.Event()
        self.whole.set()
        self.flows.set()
        self.lock = threading.Lock()
        self.delay_s = 0
        self.tear = {THERE: 0, BACK: 0}     # so many messages are torn in the middle
        self.lose = 0                       # answers to COMMIT
        self.hits = 0
        self.pairs = set()
        if path is None:
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
            self.port = self.listener.getsockname()[1]
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            os.chmod(path, 0o666)
            self.listener.listen(200)
        threading.Thread(target=self._accept, daemon=True).start()

    def _far(self):
        if self.path is None:
            far = socket.create_connection(("127.0.0.1", self.upstream), timeout=5)
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            far = socket.socket(socket.AF_UNIX)
            far.settimeout(5)
            far.connect(self.upstream)
        far.settimeout(None)
        return far

    def _hit(self, n=1):
        with self.lock:
            self.hits += n

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.whole.is_set():
                self._hit()
                near.close()
                continue
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near):
        if not self.flows.is_set():
            self._hit()
            self.flows.wait()
        try:
            far = self._far()
        except OSError:
            near.close()
            return
        if self.path is None:
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (near, far)
        with self.lock:
            self.pairs.add(pair)
        threading.Thread(target=self._pump, args=(pair, near, far, THERE), daemon=True).start()
        self._pump(pair, far, near, BACK)

    def _end(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def _takes(self, what):
        """Whether this message is one of those that something happens to."""
        with self.lock:
            if what in self.tear and self.tear[what] > 0:
                self.tear[what] -= 1
                self.hits += 1
                return True
            if what == "commit" and self.lose > 0:
                self.lose -= 1
                self.hits += 1
                return True
        return False

    def _pump(self, pair, source, to, way):
        with contextlib.suppress(OSError):
            while True:
                data, fds, _, _ = socket.recv_fds(source, 65536, 4) if self.path else (source.recv(65536), [], 0, 0)
                if not data:
                    break
                if not self.flows.is_set():
                    self._hit()
                    self.flows.wait()
                if self.delay_s:
                    self._hit()
                    time.sleep(self.delay_s)
                if self._takes(way):
                    to.sendall(data[:max(1, len(data) // 2)])
                    for fd in fds:
                        os.close(fd)
                    break
                if fds:     # they belong to the octet that came last, and are lost where another is read first
                    to.sendall(data[:-1])
                    socket.send_fds(to, [data[-1:]], fds)
                    for fd in fds:
                        os.close(fd)
                else:
                    to.sendall(data)
                if way is THERE and self.lose and b"COMMIT\0" in data and self._takes("commit"):
                    pair[0].close()
                    time.sleep(0.2)     # the server has it, and nobody hears what became of it
                    break
        self._end(pair)

    def cut(self):
        self.whole.clear()
        self.flows.set()
        with self.lock:
            pairs = list(self.pairs)
            self.hits += len(pairs)
        for pair in pairs:
            self._end(pair)

    def silent(self):
        self.flows.clear()

    def mend(self):
        self.whole.set()
        self.flows.set()
        self.delay_s = 0
        self.lose = 0
        self.tear = {THERE: 0, BACK: 0}

    def close(self):
        self.cut()
        self.listener.close()
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
