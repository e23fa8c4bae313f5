"""What an address we send to may look like. Where its name leads is checked when it is saved and at every connect."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

LONGEST = 500
PORTS = frozenset({443, 8443})  # a port list keeps us from talking to databases and mail servers
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


class AddressRefused(ValueError):
    """We do not send there; the text says why, for a person."""


def parse_address(url: str, *, allow_private: bool) -> SplitResult:
    """The parts of an address that may be sent to.

    Args:
        allow_private: also plain HTTP and any port, for receivers inside one's own network.

    Raises:
        AddressRefused: wrong scheme, login data, port or form.
    """
    if len(url) > LONGEST or _ODD.search(url):
        raise AddressRefused("This is no web address: it is too long, or has blanks or other odd signs in it.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("This is no web address.") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise AddressRefused("Write an address that starts with https://.")
    if parts.scheme == "http" and not allow_private:
        raise AddressRefused("Only https:// addresses are sent to; plain HTTP could be read on the way.")
    if "@" in parts.netloc:
        raise AddressRefused("Leave name and password out of the address; the signature proves who sends.")
    if "%" in host:
        raise AddressRefused("The host of this address can't be used.")
    if not allow_private and (port or 443) not in PORTS:
        raise AddressRefused(f"Port {port} is not used for webhooks; use 443 or 8443.")
    return parts


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: no private, shared, local, mapped or reserved range."""
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_reserved or ip.is_multicast or ip.is_unspecified or ip.is_link_local)
