"""Where the server may call: never itself, nor the metadata service of its cloud."""

import ipaddress
import os
import socket

from odoo.tools import config


def allowed_hosts(option):
    """The hosts (or host:port) that the server's administrator names in an option of
    the configuration, or in the environment under the same name in capitals."""
    text = os.environ.get(option.upper()) or config.get(option) or ""
    return {host.strip().lower() for host in text.split(",") if host.strip()}


def is_named(host, port, allowed):
    """Whether the administrator has named the host."""
    host = host.lower()
    return host in allowed or f"{host}:{port}" in allowed


def find_addresses(host, port):
    """The addresses that a name stands for.

    :raise OSError: when there is no such host
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(one[4][0].split("%")[0]) for one in found]


def is_forbidden(address):
    """Whether an address leads back to the server itself or to what only it reaches.

    >>> [is_forbidden(ipaddress.ip_address(text)) for text in (
    ...     "127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "::", "10.1.2.3")]
    [True, True, True, True, False]
    """
    # An IPv4 address in the form of IPv6 leads to the same place.
    address = getattr(address, "ipv4_mapped", None) or address
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    )
