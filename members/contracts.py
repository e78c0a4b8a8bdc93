"""Contracts and folds that this machine has fetched: `check` works offline with them, `upload` says which folds were trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from stackyard.contract.contract import Contract
from stackyard.contract.digests import sha256_bytes
from stackyard.errors import InvalidRequest, ServerUnreachable

from members.settings import Settings, write_atomically
from members.wire import BRIEF_PAUSES, Wire, path_to


class Contracts:
    """One folder a server and token, so that nothing crosses teams: two teams may each have a competition of the same name."""

    def __init__(self, wire: Wire, settings: Settings) -> None:
        self._wire = wire
        # only a digest of the token is written down here
        self._folder = settings.home / "contracts" / sha256_bytes(f"{settings.url}\n{settings.token}".encode())[:16]

    def fetch(self, slug: str, pauses: tuple[float, ...] = BRIEF_PAUSES) -> Contract:
        """Return the contract with its ids, which are fetched only when what is served without them has changed."""
        served = self._wire.get(path_to("competitions", slug, "contract"), pauses=pauses)
        kept = _read_json(self._path(slug))
        if kept and _without_ids(kept) == served and (contract := _readable(kept)):
            return contract
        document = self._wire.get(path_to("competitions", slug, "contract"), {"ids": "true"})
        contract = Contract.from_json(document)
        write_atomically(self._path(slug), json.dumps(document).encode())
        return contract

    def fetch_or_keep(self, slug: str) -> tuple[Contract, list[str]]:
        """Return the contract; where no server answers, the one that was fetched before, with a note that says so."""
        try:
            # one attempt only: a member without a network should not wait for it
            return self.fetch(slug, ()), []
        except ServerUnreachable:
            if contract := _readable(_read_json(self._path(slug))):
                return contract, [f"{self._wire.url} did not answer: judged by the contract that was fetched before"]
            raise

    def taken_folds(self, slug: str) -> str | None:
        """Return the digest of the folds that this machine took last, if any."""
        return (_read_json(self._path(f"{slug} folds")) or {}).get("digest")

    def take_folds(self, slug: str, digest: str) -> None:
        """Remember which folds were taken."""
        write_atomically(self._path(f"{slug} folds"), json.dumps({"digest": digest}).encode())

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.json"


def _without_ids(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "ids"}


def _readable(document: dict[str, Any] | None) -> Contract | None:
    """Return the contract that a kept document holds, or None where a client of another age wrote it."""
    try:
        return Contract.from_json(document) if document else None
    except InvalidRequest:
        return None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) else None
