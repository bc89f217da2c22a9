"""Makes Settings of what the file, the environment and the flags say. Pure: knows no disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from fanfold.config import file as toml
from fanfold.config import table, texts
from fanfold.config.table import Listener, PrinterSetting, Settings, WebhookSetting
from fanfold.config.words import PRINTERS_DOORS, Proof, WebhookFormat
from fanfold.errors import CannotStart


def settings(
    tree: Mapping[str, Any], file: Path | None, env: Mapping[str, str], flags: Mapping[str, Any], *, here: Path
) -> Settings:
    """Return the settings: a flag beats the environment, that beats the file, and that the defaults.

    `tree` is the file as TOML gives it; `here` is the folder that relative paths outside the file start from.

    Raises:
        CannotStart: something is not allowed; names where, which key, what is wrong and what is allowed.
    """
    place = file or here / "fanfold.toml"
    found = toml.scalars(tree, place) | texts.scalars(env, flags, here)
    listeners = texts.listeners(env, flags) or toml.listeners(tree, place) or table.LISTENERS
    printers = toml.printers(tree, place) + texts.printers(env, flags)
    webhooks = toml.webhooks(tree, place)
    _check_listeners(listeners)
    _check_names(printers)
    _check_webhooks(webhooks)
    given = {"listeners": listeners, "printers": printers, "webhooks": webhooks, "file": file}
    made: Settings = _made(Settings, "", found, given)
    return made


def _made(of: type[Any], prefix: str, found: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    own = {one.name: found[prefix + one.name] for one in fields(of) if prefix + one.name in found}
    parts = {name: _made(part, f"{prefix}{name}.", found, {}) for name, part in table.sections(of)}
    return of(**own, **parts, **given)


def _check_listeners(listeners: tuple[Listener, ...]) -> None:
    taken: set[str] = set()
    for one in listeners:
        if one.port and one.shown in taken:
            raise CannotStart(f"Listener {one.shown} is named twice; remove one of them.")
        if one.tls_key and not one.tls_cert:
            raise CannotStart(f"Listener {one.shown} has a tls_key, but no tls_cert; give it both, or none.")
        if not one.doors:
            raise CannotStart(f"Listener {one.shown} has no doors, so it would be of no use; name one, or remove it.")
        taken.add(one.shown)
        _check_proof(one)
        _check_use(one)


def _check_use(one: Listener) -> None:
    """Refuse what would have no effect where somebody relies on it."""
    if one.proof and not PRINTERS_DOORS & set(one.doors):
        raise CannotStart(
            f"Listener {one.shown} has a proof, but not the door weblink, so nobody would be asked for it; "
            "remove `proof`, or open that door."
        )
    uses = {"secret_file": {Proof.PATH}, "users_file": {Proof.BASIC, Proof.DIGEST}}
    uses["tls_client_ca"] = {Proof.CERTIFICATE}
    for key, proofs in uses.items():
        if getattr(one, key) is not None and not proofs & set(one.proof):
            raise CannotStart(
                f"Listener {one.shown} has a {key}, but nobody would be asked for it: "
                f"add {' or '.join(sorted(proofs))} to its `proof`, or remove {key}."
            )


def _check_proof(one: Listener) -> None:
    if not PRINTERS_DOORS & set(one.doors):
        return
    if not one.proof:
        raise CannotStart(
            f"Listener {one.shown} opens the door weblink without a proof: anyone could be any printer. Give it "
            '`proof`, such as ["path"] with a secret_file; or write ["none"] if that is what you want.'
        )
    if Proof.NONE in one.proof and len(one.proof) > 1:
        raise CannotStart(f"Listener {one.shown} has `none` among its proofs; leave it out, or leave the others out.")
    needs = {Proof.PATH: "secret_file", Proof.BASIC: "users_file", Proof.DIGEST: "users_file"}
    needs[Proof.CERTIFICATE] = "tls_client_ca"
    for proof in one.proof:
        if proof in needs and getattr(one, needs[proof]) is None:
            raise CannotStart(f"Listener {one.shown} has the proof {proof}, which needs {needs[proof]}; give it that.")
    if Proof.CERTIFICATE in one.proof and one.tls_cert is None:
        raise CannotStart(f"Listener {one.shown} asks for client certificates, which needs TLS: give it tls_cert.")
    if Proof.BASIC in one.proof and Proof.DIGEST in one.proof:
        raise CannotStart(
            f"Listener {one.shown} has both basic and digest; a printer sends one of them: leave one out."
        )


def _check_webhooks(webhooks: tuple[WebhookSetting, ...]) -> None:
    taken: set[str] = set()
    for one in webhooks:
        if one.name in taken:
            raise CannotStart(f"Two webhooks are called {one.name!r}; give one of them another name.")
        if one.format is WebhookFormat.FANFOLD and one.secret_file is None:
            raise CannotStart(
                f"Webhook {one.name} has no secret_file: its receiver could not tell our posts from others'. "
                "Write `whsec_` and 32 random bytes in base64 to a file and name that."
            )
        if one.format is WebhookFormat.FANFOLD and one.scan_data_url is not None:
            raise CannotStart(
                f"Webhook {one.name} has a scan_data_url, but only `zebra_ws_print` posts there: "
                'give it format = "zebra_ws_print", or remove scan_data_url.'
            )
        taken.add(one.name)


def _check_names(printers: tuple[PrinterSetting, ...]) -> None:
    taken: dict[str, str] = {}
    for one in printers:
        for name in dict.fromkeys((one.name, *one.aliases)):
            if name in taken:
                raise CannotStart(
                    f"Two printers have {name!r} for a name or alias, {taken[name]} and {one.uri}: "
                    "give one of them another."
                )
            taken[name] = one.uri
