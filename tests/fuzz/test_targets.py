"""The fuzzer's targets hold at least for what they begin from, so that `make fuzz` is never broken by itself."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize(("name", "seed"), [(name, seed) for name, target in TARGETS.items() for seed in target.seeds])
def test_each_target_takes_its_seeds_and_their_pieces(name: str, seed: bytes) -> None:
    for piece in (b"", seed, seed[: len(seed) // 2], seed + seed):
        TARGETS[name].check(piece)
