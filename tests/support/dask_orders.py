"""What workers of a test's cluster are asked to do: orders as JSON, and the functions that carry them out."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from benchsuite.api import Channel, SetupError
from benchsuite.processes import ChildProcess, Parent

LIMIT = 60.0


def order(do: str, **content: Any) -> bytes:
    return json.dumps({"do": do, **content}).encode()


def survey() -> bytes:
    return str(os.getpid()).encode()


def carry(content: bytes, channel: Channel) -> bytes:
    asked = json.loads(content)
    match asked["do"]:
        case "echo":
            return content
        case "pid":
            return str(os.getpid()).encode()
        case "large":
            return os.urandom(1) * asked["size"]
        case "tell":
            for number in range(asked["count"]):
                channel.tell(str(number).encode())
            return b"told"
        case "write":
            with Path(asked["file"]).open("a") as file:
                file.write(f"{asked['number']}\n")
            return b"written"
        case "refuse":
            raise SetupError("no", where="here", expected="yes", remedy="ask again")
        case "break":
            raise _Unsendable()
        case "child":
            with ChildProcess(_tell_pid) as child:
                return str(child.receive()).encode()
        case "sleep":
            time.sleep(asked["seconds"])
            return b"slept"
        case "wait":
            return _wait(Path(asked["folder"]), channel)
        case other:
            raise ValueError(f"unknown order {other}")


def _tell_pid(parent: Parent) -> None:
    parent.send(os.getpid())


class _Unsendable(Exception):
    def __init__(self) -> None:
        super().__init__("it cannot be pickled")
        self.reason = lambda: None


def _wait(folder: Path, channel: Channel) -> bytes:
    """Wait to be cancelled, and leave word of it; a file `go` in the folder ends the wait, too."""
    (folder / "begun").write_text(str(os.getpid()))
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if channel.cancelled():
            (folder / "cancelled").write_text(str(time.time()))
            return b"cancelled"
        if (folder / "go").exists():
            return b"went"
        time.sleep(0.05)
    return b"forgotten"
