"""The native API's routes over HTTP: the one table that its dispatch, the server and the OpenAPI document read."""

from __future__ import annotations

from dataclasses import dataclass

from fanfold.dialects.native_calls import BY_NAME, Call


@dataclass(frozen=True, slots=True)
class Route:
    """One row. `{field}` in the path is a field of the call's request; GET and DELETE give the others by query."""

    method: str
    path: str
    name: str
    status: int = 200
    """Of the answer when it is done."""
    takes_raw_body: bool = False
    """A body that is not JSON is the document itself, and the query says the rest."""
    call_name: str = ""
    """Where it is not `name`: two routes may lead to one call."""

    @property
    def call(self) -> Call | None:
        """The call it leads to; None for the OpenAPI document, which no engine is asked for."""
        return BY_NAME.get(self.call_name or self.name)

    @property
    def in_path(self) -> tuple[str, ...]:
        """Names of the fields given in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def by_query(self) -> bool:
        """Whether the fields that are not in the path stand in the query, not in a JSON body."""
        return self.method in ("GET", "DELETE")


ROUTES = (
    Route("GET", "/v1/printers", "printers.list"),
    Route("POST", "/v1/printers", "printers.add", 201),
    Route("GET", "/v1/printers/{printer}", "printers.show"),
    Route("PATCH", "/v1/printers/{printer}", "printers.change"),
    Route("DELETE", "/v1/printers/{printer}", "printers.remove"),
    Route("POST", "/v1/printers/{printer}/pause", "printers.pause"),
    Route("POST", "/v1/printers/{printer}/resume", "printers.resume"),
    Route("POST", "/v1/printers/{printer}/test", "printers.test", 201),
    Route("POST", "/v1/printers/{printer}/jobs", "printers.submit", 201, takes_raw_body=True, call_name="jobs.submit"),
    Route("POST", "/v1/printers/{printer}/ask", "printers.ask"),
    Route("POST", "/v1/printers/{printer}/identify", "printers.identify"),
    Route("POST", "/v1/printers/{printer}/reopen", "printers.reopen"),
    Route("GET", "/v1/discovered", "discovered.list"),
    Route("POST", "/v1/discovered/{device}/add", "discovered.add", 201),
    Route("GET", "/v1/unadopted", "printers.unadopted"),
    Route("POST", "/v1/adoptions", "printers.adopt"),
    Route("POST", "/v1/unadopted/{device}/reject", "printers.reject"),
    Route("POST", "/v1/traces/{device}", "traces.start"),
    Route("GET", "/v1/traces/{device}", "traces.show"),
    Route("DELETE", "/v1/traces/{device}", "traces.end"),
    Route("GET", "/v1/jobs", "jobs.list"),
    Route("POST", "/v1/jobs", "jobs.submit", 201, takes_raw_body=True),
    Route("GET", "/v1/jobs/{job}", "jobs.show"),
    Route("GET", "/v1/jobs/{job}/document", "jobs.document"),
    Route("POST", "/v1/jobs/{job}/cancel", "jobs.cancel"),
    Route("POST", "/v1/jobs/{job}/release", "jobs.release"),
    Route("POST", "/v1/jobs/{job}/assume-printed", "jobs.assume-printed"),
    Route("POST", "/v1/jobs/{job}/reprint", "jobs.reprint", 201),
    Route("GET", "/v1/webhooks", "webhooks.list"),
    Route("GET", "/v1/webhooks/{webhook}/dead", "webhooks.dead"),
    Route("POST", "/v1/webhooks/{webhook}/retry", "webhooks.retry"),
    Route("GET", "/v1/clients", "clients.list"),
    Route("DELETE", "/v1/clients/{client}", "clients.disconnect"),
    Route("GET", "/v1/access/origins", "access.list"),
    Route("POST", "/v1/access/origins", "access.allow"),
    Route("DELETE", "/v1/access/origins", "access.revoke"),
    Route("GET", "/v1/log", "log.read"),
    Route("GET", "/v1/health", "health"),
    Route("POST", "/v1/reload", "reload"),
    Route("GET", "/v1/openapi.json", "openapi"),
)
