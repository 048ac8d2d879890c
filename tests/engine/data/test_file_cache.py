"""Caches over their budget, shared by processes that build, read and prune at the same time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchsuite.atomic_files import atomic_path
from benchsuite.engine.data import file_cache
from benchsuite.errors import StoreError

BUILDER = """
import sys, time
from pathlib import Path
from benchsuite.engine.data import file_cache

folder, own, size = Path(sys.argv[1]), int(sys.argv[2]), 10_000

def build(number):
    def write(target):
        file_cache.prune(folder, ".features", 3 * size)
        with target.open("wb") as output:
            for _ in range(10):
                output.write(bytes([number]) * (size // 10))
                time.sleep(0.0005)
        return {"number": number}
    return write

for turn in range(60):
    number = (turn + 7 * own) % 20
    file = file_cache.find_or_build(folder / f"{number:04}.features", build(number))
    with file.content as content:
        content.seek(0)
        assert content.read() == bytes([number]) * size
    assert file.facts["number"] == number
"""


def test_three_processes_on_one_cache_above_its_budget_lose_nothing(tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", BUILDER, str(tmp_path), str(number)] for number in range(3)]
    builders = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    complaints = [builder.communicate()[1] for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0, 0], complaints
    file_cache.prune(tmp_path, ".features", 0)
    assert list(tmp_path.iterdir()) == []


def _written(target: Path) -> dict[str, int]:
    target.write_bytes(b"content")
    return {"number": 7}


def test_only_who_would_wait_for_another_does_something_else_meanwhile(tmp_path: Path) -> None:
    done: list[str] = []

    def meanwhile(name: str) -> None:
        done.append(name)
        held.release()
        raise StoreError("the disk is full")  # of which the one that builds is told

    held = file_cache.lock_for(tmp_path / "a.features")
    held.acquire()
    for _ in range(2):
        with file_cache.find_or_build(tmp_path / "a.features", _written, lambda: meanwhile("a")).content as content:
            content.seek(0)
            assert content.read() == b"content"
    file_cache.find_or_build(tmp_path / "b.features", _written, lambda: meanwhile("b")).content.close()
    assert done == ["a"]


def test_a_part_is_built_unless_it_is_taken_or_there_and_goes_with_the_whole(tmp_path: Path) -> None:
    whole, part, built = tmp_path / "a.features", tmp_path / "a-64.features", list[Path]()

    def build(target: Path) -> dict[str, int]:
        built.append(target)
        return _written(target)

    with file_cache.lock_for(part):
        file_cache.build_if_free(part, build, whole)
    assert not built
    file_cache.build_if_free(part, build, whole)
    file_cache.build_if_free(part, build, whole)
    assert len(built) == 1
    part.write_bytes(b"damaged")
    file_cache.build_if_free(part, build, whole)
    assert len(built) == 2
    file_cache.find_or_build(whole, _written).content.close()
    file_cache.build_if_free(part, build, whole)
    assert len(built) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.features", "a.json", "a.lock"]


def test_what_is_being_written_is_not_pruned(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.features") as temporary:
        temporary.write_bytes(bytes(100))
        assert file_cache.prune(tmp_path, ".features", 0) == ()
        assert [path.name for path in tmp_path.iterdir()] == [temporary.name]
    assert file_cache.prune(tmp_path, ".features", 0) == (tmp_path / "a.features",)


def test_one_who_waits_for_the_lock_of_a_pruned_file_gets_a_lock_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.features"
    path.write_bytes(bytes(100))
    held = file_cache.lock_for(path)
    program = (
        "import sys\nfrom pathlib import Path\nfrom benchsuite.engine.data import file_cache\n"
        "with file_cache.lock_for(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with held, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as waiting:
        time.sleep(0.5)
        path.with_suffix(".lock").unlink()
        held.release()
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "held\n"
        assert file_cache.prune(tmp_path, ".features", 0) == ()
        waiting.communicate("")
    assert file_cache.prune(tmp_path, ".features", 0) == (path,)
