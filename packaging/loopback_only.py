"""A network that ends at this machine, and a record of every packet that wanted to leave it. Linux only.

In a network namespace of its own (`unshare --user --map-root-user --net`) there is nothing but loopback. The default
route is laid to loopback too: a look-up or a connection to somewhere else is then sent, seen here, and answered by
nobody.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import ipaddress
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence

_SET_FLAGS = 0x8914  # SIOCSIFFLAGS
_ADD_ROUTE = 0x890B  # SIOCADDRT
_UP_AND_RUNNING = 0x1 | 0x40
_ALL_PROTOCOLS = 0x0003
_IPV4, _IPV6 = 0x0800, 0x86DD
_DOMAIN_PORT = 53
_UDP = 17
_OUTGOING = 4
_BUFFER_BYTES = 16 * 1024 * 1024

_WAYS = (("unshare", "--user", "--map-root-user", "--net"), ("unshare", "--net"))
"""As anybody, where the system lets them; and as root, where it does not."""

NOT_WATCHED = "No network namespace may be made here: nobody watches where the program connects to."
NOT_WATCHED_IN_CI = (
    "No network namespace may be made here, and GITHUB_ACTIONS is set: a build machine must let it be seen "
    "whom the program asks (docker run --privileged)."
)

_INSIDE_VARIABLE = "MUSTER_HELLO_INSIDE"


def is_inside() -> bool:
    """Whether this process was started by `enter`."""
    return os.environ.get(_INSIDE_VARIABLE) == "1"


@functools.cache
def way_in() -> tuple[str, ...]:
    """What stands before a command that is to run in a network namespace of its own; nothing where none may be made."""
    if sys.platform != "linux":
        return ()
    for way in _WAYS:
        with contextlib.suppress(FileNotFoundError):
            if subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0:
                return way
    return ()


def must_enter() -> bool:
    """Whether a check that nobody watches counts as failed: on a hosted build machine, which may be given the right."""
    return sys.platform == "linux" and bool(os.environ.get("GITHUB_ACTIONS"))


def enter(command: list[str], by: Sequence[str], *, inside: bool = True) -> int:
    """Runs a command where the network ends at this machine, and gives its exit code.

    `by` stands before the command; where that makes no network namespace, `inside` is False.
    """
    environment = {**os.environ, _INSIDE_VARIABLE: "1" if inside else "0"}
    return subprocess.run([*by, *command], env=environment, check=False).returncode


def lay_routes() -> None:
    """Brings loopback up and sends everything there; needs the rights that `enter` gives.

    Raises:
        OSError: this is not a namespace of one's own.
    """
    import fcntl  # Windows has none

    anywhere = struct.pack("=H14x", socket.AF_INET)
    device = ctypes.create_string_buffer(b"lo")
    # struct rtentry of <linux/route.h>: destination, gateway, mask, flags, and further on the device
    where = ctypes.addressof(device)
    route = struct.pack("@L16s16s16sHhLPhPLLH", 0, anywhere, anywhere, anywhere, 1, 0, 0, 0, 0, where, 0, 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        fcntl.ioctl(link, _SET_FLAGS, struct.pack("16sh22x", b"lo", _UP_AND_RUNNING))
        fcntl.ioctl(link, _ADD_ROUTE, route)


class Watch:
    """Inside `with`: who was asked outside this machine, and whether names were looked up."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._thread = threading.Thread(target=self._watch, name="network watch", daemon=True)
        self._ending = threading.Event()
        self.asked: set[str] = set()
        """Addresses outside this machine that a packet was sent to, and "look-up at …" for each name server."""
        self.packets = 0
        """How many packets were seen at all: none would mean that nothing was watched."""

    def __enter__(self) -> Watch:
        self._socket.settimeout(0.2)
        self._thread.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                packet, source = self._socket.recvfrom(128)
                if source[2] == _OUTGOING:
                    self.packets += 1
                    self._look_at(packet, source[1])

    def _look_at(self, packet: bytes, protocol: int) -> None:
        if protocol == _IPV4:
            target = ipaddress.ip_address(packet[16:20])
            head_bytes, transport = (packet[0] & 0x0F) * 4, packet[9]
        elif protocol == _IPV6:
            target = ipaddress.ip_address(packet[24:40])
            head_bytes, transport = 40, packet[6]
        else:
            return
        port = int.from_bytes(packet[head_bytes + 2 : head_bytes + 4], "big")
        if transport == _UDP and port == _DOMAIN_PORT:
            self.asked.add(f"look-up at {target}")
        elif not target.is_loopback:
            self.asked.add(f"{target} port {port}")
