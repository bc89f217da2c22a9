"""The error tree. Every error says what is so, where, and what to do; `code` is stable and travels on the wire.

FanfoldError
├── Refused             a request that cannot be granted; nothing was changed
├── DeliveryError       answers one question: may paper have come out?
│   ├── NotReached      no: nothing of it can print; the job stays pending
│   ├── Interrupted     perhaps: the job is held, `delivery-uncertain`
│   └── Declined        no, and the printer said why: the job is aborted
├── StoreFailed         the disk did not take it
└── CannotStart         the gateway cannot run so; says which setting or resource
"""

from __future__ import annotations


class FanfoldError(Exception):
    """The root of all errors that Fanfold raises by itself; its text is fit for people."""

    code = "internal"

    def __init__(self, says: str, *, code: str | None = None) -> None:
        super().__init__(says)
        if code is not None:
            self.code = code

    @property
    def says(self) -> str:
        """What is wrong, where, and what to do."""
        return str(self)


class Refused(FanfoldError):
    """A request that cannot be granted; nothing was changed. `status` is its HTTP status."""

    code = "refused"

    def __init__(self, says: str, *, code: str, status: int) -> None:
        super().__init__(says, code=code)
        self.status = status


class DeliveryError(FanfoldError):
    """A delivery that did not succeed. `reasons` are keywords for the job and the printer."""

    code = "delivery"

    def __init__(self, says: str, *, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(says)
        self.reasons = reasons


class NotReached(DeliveryError):
    """Nothing of the document can print; it may be tried again."""

    code = "not-reached"


class Interrupted(DeliveryError):
    """Something of the document may print, or may have printed."""

    code = "interrupted"


class Declined(DeliveryError):
    """The printer or its spooler refused the document, and nothing of it will print."""

    code = "declined"


class StoreFailed(FanfoldError):
    """The disk did not take it; what was stored before stays as it was."""

    code = "store-failed"


ADDRESS_IN_USE = "address-in-use"
"""The code of a CannotStart because somebody listens at an address already."""


class CannotStart(FanfoldError):
    """The gateway cannot run so."""

    code = "cannot-start"
