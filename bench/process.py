"""A process whose CPU time and memory are read from the kernel."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Measured:
    """Another process, seen through /proc."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)

    def cpu_us(self) -> float:
        """CPU time of all its threads, in microseconds (nanosecond clock of the scheduler)."""
        spent = 0
        for task in (self._folder / "task").iterdir():
            spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1000

    def memory_mb(self) -> float:
        """Resident memory."""
        text = (self._folder / "status").read_text()
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
