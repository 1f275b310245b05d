"""The bar that a long command shows."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

WIDTH = 150
"""Letters of a line where there is no terminal."""


def wide(console: Console) -> Console:
    """A console for tables with many columns: a file or a pipe has room that rich does not know of."""
    return console if console.is_terminal else Console(width=WIDTH, file=console.file)


class Bar(Progress):
    """Counts cells on a terminal; elsewhere a line at every tenth of the way, so that a log shows life.

    Args:
        console: where it is shown.
        total: cells to come.
    """

    def __init__(self, console: Console, total: int):
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        super().__init__(*columns, console=console)
        self._total = total
        self._task = self.add_task("starting the frameworks", total=total)

    def step(self, description: str) -> None:
        """One more cell."""
        self.update(self._task, advance=1, description=description)
        count = int(self.tasks[0].completed)
        if not self.console.is_terminal and count * 10 // self._total > (count - 1) * 10 // self._total:
            self.console.print(f"{count} of {self._total} cells")

    def say(self, description: str) -> None:
        """What goes on meanwhile."""
        self.update(self._task, description=description)

    def done(self) -> None:
        """All that was to come has come, whatever was left out."""
        self.update(self._task, description="done", total=self.tasks[0].completed)
