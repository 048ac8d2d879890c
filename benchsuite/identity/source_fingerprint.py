"""Fingerprints of source code, taken without importing it.

A fingerprint covers what the code does: the syntax trees of the modules without positions, comments, docstrings, white
space, and texts that only people read (see `_WithoutMessages`); it is the same in every version of Python that reads
the same tree. So neither reformatting a plugin nor rewording its errors makes a run due again, and changing a constant
does. Modules are found the way Python finds them, but only packages' search paths are consulted, so torch is never
imported. What a file means is remembered as long as the file system tells of no change of it, or of this module.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from benchsuite.errors import PluginError
from benchsuite.file_stamps import Stamp, files_stamp, memory_of, recall, remember
from benchsuite.identity.deciding_code import DECIDING_CODE
from benchsuite.settings import cache_root

KEYED_ELSEWHERE = frozenset({"benchsuite", "pydantic", "torch", "torchvision", "numpy", "PIL"})
"""Top-level modules that decide a result only through other fields of a run key."""


def core_fingerprint() -> str:
    """SHA-256 over what of benchsuite itself decides a result."""
    return source_fingerprint(*DECIDING_CODE)


def fingerprints(modules: Iterable[str]) -> dict[str, str]:
    """What a run key holds of the code: a fingerprint of the core, and of each component's module."""
    return {"benchsuite": core_fingerprint(), **{module: component_fingerprint(module) for module in modules}}


def source_fingerprint(*names: str) -> str:
    """SHA-256 over the modules and packages `names`; a package counts with everything below it.

    Raises PluginError when a module has no Python source.
    """
    modules: dict[str, Path] = {}
    for name in names:
        modules.update(_below(name, locate(name)))
    return _digest(modules)


def component_fingerprint(module: str) -> str:
    """SHA-256 over the module of a component and the modules of its own top-level package that it imports,
    directly or through one another, wherever in the module the import stands.

    Raises PluginError when the module has no Python source.
    """
    return _digest(_family(module))


def libraries(module: str, known: frozenset[str] = KEYED_ELSEWHERE) -> dict[str, str]:
    """Version by distribution of the third-party libraries that a component's modules import, such as timm.

    Left out are those that are `known` otherwise: what a run key covers elsewhere, benchsuite and what `Numerics`
    lists. A module of no distribution (a file beside the plugin) counts with its source in place of a version.
    """
    imported = {wanted.partition(".")[0] for name, path in _family(module).items() for wanted in _imports(name, path)}
    foreign = imported - sys.stdlib_module_names - known - {module.partition(".")[0]}
    return dict(version for name in sorted(foreign) for version in _versions(name))


def locate(name: str) -> Path:
    """The source file of module `name` (`__init__.py` of a package). Raises PluginError when there is none."""
    path = _find(name)
    if path is None:
        raise PluginError(
            f"the source of module {name!r} cannot be found",
            where=name,
            expected="a module with Python source, so that runs can be told apart by their code",
            remedy="install the plugin as an ordinary package, with its .py files",
        )
    return path


def _family(module: str) -> dict[str, Path]:
    """The component's module and the modules of its own top-level package that it draws in, by name."""
    _recall(_memory())
    own = module.partition(".")[0]
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = path = locate(name)
        for wanted in _imports(name, path):
            if wanted.partition(".")[0] == own and _find(wanted) is not None:
                waiting.append(wanted)
    return found


def _versions(name: str) -> Iterator[tuple[str, str]]:
    """The distributions that the top-level module `name` comes from, with their versions."""
    try:
        yield name, metadata.version(name)
        return
    except metadata.PackageNotFoundError:
        distributions = _distributions().get(name, ())
    for distribution in distributions:
        yield distribution, metadata.version(distribution)
    if not distributions and _find(name) is not None:
        yield name, source_fingerprint(name)


@cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()


def _find(name: str) -> Path | None:
    top, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # a module that runs as a program has no place to be found at
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():
        base = Path(folder).joinpath(*rest)
        for path in (base / "__init__.py", base.with_name(base.name + ".py")):
            if path.is_file():
                return path
    return None


def _below(name: str, path: Path) -> Iterator[tuple[str, Path]]:
    yield name, path
    if path.name == "__init__.py":
        for file in path.parent.rglob("*.py"):
            if file != path:
                yield ".".join((name, *file.relative_to(path.parent).with_suffix("").parts)), file


def _imports(name: str, path: Path) -> Iterator[str]:
    """Full names of what a module imports; `from a import b` gives both a and a.b, since b may be a module."""
    parent = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for level, module, names in _read(path).imports:
        base = module
        if level:
            above = parent.split(".")[: len(parent.split(".")) - level + 1]
            base = ".".join((*above, module) if module else above)
        yield base
        yield from (f"{base}.{imported}" for imported in names)


def _digest(modules: dict[str, Path]) -> str:
    _recall(_memory())
    total = hashlib.sha256()
    for name in sorted(modules):
        total.update(f"{name}:{_read(modules[name]).meaning}\n".encode())
    if _UNSAVED:
        _UNSAVED.clear()
        remember(_memory(), _KNOWN)
    return total.hexdigest()


@dataclass(frozen=True)
class _Source:
    """A file of Python: what it imports (how many packages up, which module, and which names of it), and the SHA-256
    of what it means."""

    imports: tuple[tuple[int, str, tuple[str, ...]], ...]
    meaning: str


_KNOWN: dict[str, tuple[Stamp, str]] = {}
_UNSAVED: set[str] = set()
"""By the path of a file, what it was found to be, as JSON; and what of it no memory has yet."""


def _memory() -> Path:
    return memory_of(Path(__file__).parent, cache_root() / "digests")


@cache
def _recall(memory: Path) -> None:
    for path, row in recall(memory).items():
        _KNOWN.setdefault(path, row)


def _read(path: Path) -> _Source:
    stamp = files_stamp((path, __file__))
    known = _KNOWN.get(str(path))
    if known is None or known[0] != stamp:
        try:
            known = _KNOWN[str(path)] = stamp, _source(path)
        except (OSError, SyntaxError, ValueError) as error:
            raise PluginError(
                f"this module cannot be read as Python: {error}",
                where=str(path),
                remedy="mend the file, or install its package again",
            ) from error
        _UNSAVED.add(str(path))
    return _decoded(known[1])


@cache
def _decoded(found: str) -> _Source:
    imports, meaning = json.loads(found)
    return _Source(tuple((level, module, tuple(names)) for level, module, names in imports), meaning)


def _source(path: Path) -> str:
    parts: list[str] = []
    nodes: list[ast.Import | ast.ImportFrom] = []
    _write(_WithoutMessages().visit(ast.parse(path.read_bytes(), str(path))), parts, nodes)
    imports: list[tuple[int, str, list[str]]] = []
    for node in nodes:
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            imports += [(0, name, []) for name in names]
        else:
            imports.append((node.level, node.module or "", names))
    return json.dumps([imports, hashlib.sha256("".join(parts).encode()).hexdigest()])


SPOKEN = frozenset({"print", "say", "warn"})
"""Functions and methods that only tell people something, when nothing is made of what they return."""


class _WithoutMessages(ast.NodeTransformer):
    """Empties the texts that are told to people and to nobody else.

    These are the texts in a `raise` statement, the message of an `assert`, and the texts that `print`, `say` or `warn`
    are called with as a statement of their own. Texts elsewhere, such as those in variables, may decide something.
    """

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return _WithoutTexts().visit(node)  # type: ignore[no-any-return]

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in SPOKEN:
                return _WithoutTexts().visit(node)  # type: ignore[no-any-return]
        return self.generic_visit(node)


class _WithoutTexts(ast.NodeTransformer):
    """Empties every text, those with values in them (f-strings) included."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("")


def _write(value: object, parts: list[str], imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Append a syntax tree as text, and its imports. Left out are docstrings, and what is empty: versions of Python
    differ in which fields a node has."""
    if isinstance(value, ast.AST):
        if isinstance(value, (ast.Import, ast.ImportFrom)):
            imports.append(value)
        documented = isinstance(value, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        parts.append(type(value).__name__)
        for name, below in ast.iter_fields(value):
            if documented and name == "body":
                below = [part for part in below if not _is_text(part)]
            if below is not None and below != [] and name != "kind":
                parts.append(f" {name}=")
                _write(below, parts, imports)
        parts.append(";")
    elif isinstance(value, list):
        parts.append("[")
        for below in value:
            _write(below, parts, imports)
            parts.append(",")
        parts.append("]")
    else:
        parts.append(ascii(value))


def _is_text(node: ast.stmt) -> bool:
    """A string standing alone: a docstring, of a module, class, function or attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
