"""`benchsuite list`: what it says of each component is a whole sentence."""

from __future__ import annotations

import json

from support.program import Program


def test_every_component_is_described_by_a_whole_sentence(program: Program) -> None:
    for kind in ("datasets", "models", "recipes"):
        done = program.run("list", kind, "--json")
        assert done.code == 0, done.err
        for row in json.loads(done.out)[kind]:
            if row["provided by"].startswith("benchsuite "):
                assert row["about"].endswith("."), row
                assert "\n" not in row["about"]
