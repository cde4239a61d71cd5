"""A command that was not told of a configuration takes one: /etc/sluice/sluice.toml, or that of the Sluice that runs.

Each test is a script in mount and process namespaces of its own: with an /etc that is a copy, and with nobody else's
Sluice in reach.
"""

import re
import subprocess

import pytest

from harness.sluice import BINARY, toml
from harness.waiting import PATIENCE, free_port

DEFAULT = "/etc/sluice/sluice.toml"

PRELUDE = r"""
set -u
mount --bind "$WHERE/etc" /etc
rm -rf /etc/sluice
say() { echo "== $*"; "$SLUICE" "$@" 2>&1; echo "rc $?"; }
until_there() { until [ -S "$1" ]; do kill -0 $! || exit 9; sleep 0.05; done; }
stop() { kill $(jobs -p); wait; }
use_default() { mkdir -p /etc/sluice && cp "$1" /etc/sluice/sluice.toml; }
"""


@pytest.fixture
def script(tmp_path):
    """Runs a script; what each `say` printed, in its order: (words, exit code, text)."""
    subprocess.run(["cp", "-a", "/etc", tmp_path], check=True)
    for name in ("one", "two"):
        config = {"listen": [f"127.0.0.1:{free_port()}"], "workers": 1, "state_dir": str(tmp_path / name),
                  "relay": {"mta": ["127.0.0.1:9"]}, "log": {"destination": str(tmp_path / f"{name}.log")}}  # fmt: skip
        (tmp_path / f"{name}.toml").write_text("".join(f"{key} = {toml(value)}\n" for key, value in config.items()))

    def run(text):
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", PRELUDE + text],
            cwd=tmp_path, env={"SLUICE": str(BINARY), "WHERE": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            capture_output=True, text=True, timeout=20 * PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return re.findall(r"^== (.*?)\n(.*?)^rc (\d+)$", done.stdout, re.DOTALL | re.MULTILINE)

    return run


def test_without_any(script):
    explained, acts, metrics = script("say explain 192.0.2.7; say acts; say metrics")
    assert explained[2] == "0" and "remark     there is no configuration" in explained[1]
    for _, text, code in (acts, metrics):
        assert code == "2" and "--config FILE" in text and f"{DEFAULT} is absent" in text


def test_that_of_the_one_that_runs(script, tmp_path):
    """Its file is named relative to the directory where it was started."""
    said = script("""
        "$SLUICE" run --config one.toml & until_there one/control
        cd /
        say block 192.0.2.0/24; say explain 192.0.2.7; say sessions; say reload
        say acts --config "$WHERE/two.toml"
        stop
        """)
    for words, text, code in said[:4]:
        assert code == "0" and f"with --config {tmp_path}/one.toml" in text, words
    assert "decided    192.0.2.0/24" in said[1][1] and "there is no configuration" not in said[1][1]
    assert said[4][2] == "1" and f"no store answers in {tmp_path}/two" in said[4][1]


def test_that_of_the_one_that_runs_by_its_state_directory(script, tmp_path):
    said = script("""
        "$SLUICE" run --state-dir "$WHERE/state" --listen 127.0.0.1:0 & until_there state/control
        say acts
        stop
        """)
    assert said[0][2] == "0" and f"with --state-dir {tmp_path}/state" in said[0][1]


def test_of_two_that_run_neither(script, tmp_path):
    said = script("""
        "$SLUICE" run --config one.toml & until_there one/control
        "$SLUICE" run --config two.toml & until_there two/control
        say acts; say acts --config one.toml
        stop
        """)
    assert said[0][2] == "1" and "more than one Sluice runs here" in said[0][1]
    assert all(f"--config {tmp_path}/{name}.toml" in said[0][1] for name in ("one", "two"))
    assert said[1][2] == "0"


def test_that_where_it_belongs_comes_first(script, tmp_path):
    said = script("""
        "$SLUICE" run --config one.toml & until_there one/control
        use_default two.toml
        say acts; say check --no-probe
        stop
        "$SLUICE" run & until_there two/control
        say acts; say block 192.0.2.1; say reload
        stop
        echo 'listen = 25' >/etc/sluice/sluice.toml
        say run; say check; say acts
        """)
    assert said[0][2] == "1" and f"no store answers in {tmp_path}/two" in said[0][1]
    assert [code for _, _, code in said[2:5]] == ["0"] * 3
    for words, text, code in said[5:]:
        assert code == "2" and f"{DEFAULT}:1:" in text, words


def test_one_of_another_root_is_not_found(script):
    """As in a container: the file is not the one that is here under that name."""
    said = script("""
        cp -a one.toml other.toml
        unshare --mount bash -c 'mount --bind other.toml one.toml; exec "$SLUICE" run --config one.toml' &
        until_there one/control
        say acts
        stop
        """)
    assert said[0][2] == "2" and "no Sluice was found" in said[0][1]
