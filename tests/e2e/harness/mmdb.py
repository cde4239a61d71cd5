"""Writes files in the MaxMind DB format (version 2.0 of its specification), for tests: small, and of our own making."""

import ipaddress
import pathlib

MARKER = b"\xab\xcd\xefMaxMind.com"
NODE_BITS = 24
EMPTY = None

UTF8, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11


def sized(kind, size):
    """The octets that say what comes and how much of it."""
    assert size < 285, "more is not needed here"
    first, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind > 7:
        return bytes([first, kind - 7]) + more
    return bytes([kind << 5 | first]) + more


def number(kind, value):
    octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return sized(kind, len(octets)) + octets


def encoded(value):
    """Integers as the format's uint32."""
    if isinstance(value, str):
        octets = value.encode()
        return sized(UTF8, len(octets)) + octets
    if isinstance(value, int):
        return number(UINT32, value)
    if isinstance(value, list):
        return sized(ARRAY, len(value)) + b"".join(map(encoded, value))
    return sized(MAP, len(value)) + b"".join(encoded(key) + encoded(item) for key, item in value.items())


def bits_of(network, version):
    """Returns the bits of the way to it from the root; IPv4 is ::/96 of a tree of IPv6."""
    address, prefix = int(network.network_address), network.prefixlen
    if network.version == 4 and version == 6:
        prefix += 96
    width = 32 if version == 4 else 128
    return [address >> (width - 1 - bit) & 1 for bit in range(prefix)]


def tree_of(networks, version):
    """Nodes of two records each: None, the number of a node, or the record of a network as ("data", record)."""
    nodes = [[EMPTY, EMPTY]]
    # The wide ones first: narrower ones lie within them.
    for network in sorted(networks, key=lambda each: each.prefixlen + (96 if each.version == 4 else 0)):
        *way, last = bits_of(network, version)
        here = 0
        for bit in way:
            if not isinstance(nodes[here][bit], int):
                nodes.append([nodes[here][bit], nodes[here][bit]])
                nodes[here][bit] = len(nodes) - 1
            here = nodes[here][bit]
        nodes[here][last] = ("data", networks[network])
    return nodes


def mmdb(kind, records, version=6):
    """The octets of a file of that type; `records` are dictionaries by network."""
    networks = {ipaddress.ip_network(network): record for network, record in records.items()}
    nodes = tree_of(networks, version)
    data, places = b"", {}
    for record in networks.values():
        octets = encoded(record)
        if octets not in places:
            places[octets] = len(data)
            data += octets

    def pointer(record):
        if record is EMPTY:
            return len(nodes)
        if isinstance(record, int):
            return record
        return len(nodes) + 16 + places[encoded(record[1])]

    tree = b"".join(pointer(record).to_bytes(NODE_BITS // 8, "big") for node in nodes for record in node)
    metadata = {
        "binary_format_major_version": number(UINT16, 2),
        "binary_format_minor_version": number(UINT16, 0),
        "build_epoch": number(UINT64, 1_700_000_000),
        "database_type": encoded(kind),
        "description": encoded({"en": "Of tests"}),
        "ip_version": number(UINT16, version),
        "languages": encoded(["en"]),
        "node_count": number(UINT32, len(nodes)),
        "record_size": number(UINT16, NODE_BITS),
    }
    described = sized(MAP, len(metadata)) + b"".join(encoded(key) + octets for key, octets in metadata.items())
    return tree + bytes(16) + data + MARKER + described


def asn_file(path, numbers):
    """As GeoLite2-ASN: `numbers` by network."""
    records = {
        network: {"autonomous_system_number": asn, "autonomous_system_organization": f"Network {asn}"}
        for network, asn in numbers.items()
    }
    pathlib.Path(path).write_bytes(mmdb("GeoLite2-ASN", records))
    return str(path)


def country_file(path, codes):
    """As GeoLite2-Country: `codes` by network."""
    records = {
        network: {"continent": {"code": "XX"}, "country": {"iso_code": code, "names": {"en": code.lower()}}}
        for network, code in codes.items()
    }
    pathlib.Path(path).write_bytes(mmdb("GeoLite2-Country", records))
    return str(path)
