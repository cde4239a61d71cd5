"""Makes the MaxMind DB files of this folder: `python3 tests/golden/make_mmdb.py`. What for is in the README."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness.mmdb import asn_file, country_file, mmdb  # noqa: E402  (found by the line above)


def make(directory):
    """All of them."""
    asn_file(
        directory / "asn.mmdb",
        {"192.0.2.0/24": 64500, "192.0.2.128/25": 64501, "198.51.100.0/24": 4294967295, "2001:db8::/32": 64502},
    )
    country_file(directory / "country.mmdb", {"192.0.2.0/24": "DE", "2001:db8::/32": "FR"})
    (directory / "asn-v4.mmdb").write_bytes(
        mmdb("DBIP-ASN-Lite (compat=GeoLite2-ASN)", {"192.0.2.0/24": {"autonomous_system_number": 64500}}, version=4)
    )
    (directory / "odd.mmdb").write_bytes(
        mmdb(
            "Odd",
            {
                "192.0.2.0/26": {"autonomous_system_number": "64500", "country": {"iso_code": 7}},
                "192.0.2.64/26": {"autonomous_system_number": 0, "country": {"iso_code": "deu"}},
                "192.0.2.128/26": {"country": "DE"},
                "192.0.2.192/26": {},
                "198.51.100.0/24": {"autonomous_system_number": 64500, "country": {"iso_code": "DE"}},
            },
        )
    )
    (directory / "nothing.mmdb").write_bytes(mmdb("Nothing", {"192.0.2.0/24": {"is_anycast": 1}}))


if __name__ == "__main__":
    make(HERE)
