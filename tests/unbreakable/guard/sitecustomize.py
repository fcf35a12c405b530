"""Block the network in a child process and in all its own children.

The folder of this file is on their PYTHONPATH. Every attempt is written to the file that
`FORBIDDEN_CALLS` names, and fails as on a machine without a network.
"""

import contextlib
import ipaddress
import os
import socket
from pathlib import Path
from typing import Any

_LOCAL = ("localhost", "ip6-localhost", "", None)


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in _LOCAL:
        return True
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(str(host).split("%")[0])
        return address.is_loopback or address.is_unspecified
    return host == socket.gethostname()


def _refuse(call: str, address: object) -> None:
    with Path(os.environ["FORBIDDEN_CALLS"]).open("a", encoding="utf-8") as stream:
        stream.write(f"{call} {address!r}\n")
    raise OSError(101, "Network is unreachable")


class _Guarded(socket.socket):
    def _check(self, call: str, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            _refuse(call, address)

    def connect(self, address: Any) -> None:
        self._check("connect", address)
        super().connect(address)

    def connect_ex(self, address: Any) -> int:
        self._check("connect_ex", address)
        return super().connect_ex(address)

    def sendto(self, data: Any, *more: Any) -> int:
        self._check("sendto", more[-1])
        return super().sendto(data, *more)


_getaddrinfo = socket.getaddrinfo


def _guarded_getaddrinfo(host: Any, *more: Any, **how: Any) -> Any:
    if not _is_local(host):
        _refuse("getaddrinfo", host)
    return _getaddrinfo(host, *more, **how)


if "FORBIDDEN_CALLS" in os.environ:
    socket.socket = _Guarded  # type: ignore[misc]
    socket.getaddrinfo = _guarded_getaddrinfo
