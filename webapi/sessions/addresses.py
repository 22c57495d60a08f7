"""Where somebody asks from, so coarsely that it says little more than which provider."""

from ipaddress import IPv6Address, ip_address, ip_network

from flask import request

_KEPT_BITS = {4: 24, 6: 48}


def coarse_address() -> str:
    """Give the network of who asks, as in ``203.0.113.0/24``; empty where that is not known."""
    return coarse(request.remote_addr or "")


def coarse(text: str) -> str:
    """Give an address's network of 24 bits, in IPv6 of 48."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network(f"{address}/{_KEPT_BITS[address.version]}", strict=False))
