"""What is written down of a job that Windows has. An id alone proves nothing: Windows gives ids out again. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from fanfold.transports.winspool.spooler import JobFacts


@dataclass(frozen=True, slots=True)
class Mark:
    """A job of ours in a queue of Windows."""

    queue: str
    job_id: int
    token: str
    title: str = ""
    """As Windows showed it; print servers are known to change it."""
    submitted: str = ""

    def names(self, seen: JobFacts) -> bool:
        """Tell whether what is seen under our id is our job: its title agrees, and its time, where both are known."""
        titled = seen.title == self.title if self.title else self.token in seen.title
        return titled and (not self.submitted or not seen.submitted or self.submitted == seen.submitted)

    def learned(self, seen: JobFacts) -> Mark:
        """Return the mark with what Windows says of the job while it is certainly ours."""
        return replace(self, title=seen.title, submitted=seen.submitted)

    def dump(self) -> str:
        """Return it as JSON, for `Job.foreign`."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Mark:
        """Read what `dump` wrote. Raises ValueError for anything else."""
        try:
            kept = json.loads(text)
            return cls(
                str(kept["queue"]), int(kept["job_id"]), str(kept["token"]), str(kept["title"]), str(kept["submitted"])
            )  # fmt: skip
        except (KeyError, TypeError) as error:
            raise ValueError(f"no mark of a Windows job: {text[:100]!r}") from error
