"""The table of checks: one for each area. To add one: write its file, add its line here."""

from __future__ import annotations

from collections.abc import Mapping

from fanfold.doctor.browsers import browsers
from fanfold.doctor.clocks import clocks
from fanfold.doctor.discovery import discovery
from fanfold.doctor.examine import Check
from fanfold.doctor.finding import Area
from fanfold.doctor.gateway import gateway
from fanfold.doctor.permissions import permissions
from fanfold.doctor.ports import ports
from fanfold.doctor.service import service
from fanfold.doctor.settings import settings
from fanfold.doctor.spoolers import spoolers
from fanfold.doctor.store import store
from fanfold.doctor.versions import versions

CHECKS: Mapping[Area, Check] = {
    Area.VERSIONS: versions,
    Area.SETTINGS: settings,
    Area.SERVICE: service,
    Area.PORTS: ports,
    Area.GATEWAY: gateway,
    Area.STORE: store,
    Area.SPOOLERS: spoolers,
    Area.PERMISSIONS: permissions,
    Area.CLOCKS: clocks,
    Area.BROWSERS: browsers,
    Area.DISCOVERY: discovery,
}
