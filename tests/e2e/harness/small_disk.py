"""A disk of a few megabytes that a test may fill: a tmpfs."""

import os
import pathlib
import subprocess


def possible():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


class SmallDisk:
    """A context manager, mounted on `directory`, which it makes."""

    def __init__(self, directory, octets=4_000_000):
        self.directory = pathlib.Path(directory)
        self.octets = octets

    def __enter__(self):
        self.directory.mkdir()
        # Everybody may reach it, as a state directory's parent; what is in it has rights of its own.
        options = f"size={self.octets},mode=755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "sluice-test", self.directory], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.directory], check=True)

    def fill(self):
        """Nothing more can be written, not one octet."""
        with open(self.directory / "filling", "ab", buffering=0) as filling:
            for size in (65_536, 4096, 1):
                self._write_until_full(filling, size)

    @staticmethod
    def _write_until_full(filling, size):
        try:
            while filling.write(b"x" * size):
                pass
        except OSError:
            return

    def make_room(self):
        (self.directory / "filling").unlink()
