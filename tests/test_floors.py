"""The building stands as designed: lower floors never import higher ones, heavy libraries stay where they belong, and
files and functions stay small enough to read."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path for folder in ("spexcore", "dashboard") for path in (ROOT / folder).rglob("*.py"))

# Parts (a module or a folder) by floor. Those of one floor may import each other, but models know no lens, the page
# knows no command line, and nothing crosses from 3 to 3' or back: an estimator cannot know which lens it serves.
FLOORS: dict[str, tuple[str, ...]] = {
    "0": ("errors", "masks", "spread", "assets"),
    "1": ("game", "terms", "supersets", "weights", "transforms"),
    "2": ("spectrum", "interactions"),
    "3": ("estimators", "faithfulness", "removal", "claims", "intervals", "surrogate"),
    "3'": ("models", "lenses"),
    "4": (
        *("explain", "recovery", "anytime", "progress", "verification", "head_start"),
        *("explanation", "validation", "counterfactual", "evidence", "circuits"),
        *("store", "cluster", "exports", "imports", "comparison", "same_masks", "remarks", "run_file"),
    ),
    "5": ("figures",),
    "6": ("cli", "tables", "bench", "dashboard"),
}
FLOOR = {part: floor for floor, parts in FLOORS.items() for part in parts}

# Who may import what is heavy, or belongs to one trade.
HOMES: dict[str, tuple[str, ...]] = {
    "torch": ("models",),
    "transformers": ("models",),
    "safetensors": ("models",),
    "tokenizers": ("models",),
    "huggingface_hub": ("models",),
    "lightgbm": ("estimators", "bench"),
    "plotly": ("figures",),
    "networkx": ("figures",),
    "streamlit": ("dashboard",),
    "ray": ("cluster",),
    "argparse": ("cli",),
    "sqlite3": ("store",),
    "shapiq": ("bench",),  # rivals to measure against, where they are installed
    "spectralexplain": ("bench",),
}

LINES_A_FILE = 300
LINES_A_BODY = 25
POSITIONAL_PARAMETERS = 5


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_file = pytest.mark.parametrize("path", FILES, ids=name_of)


def part_of(module: str) -> str | None:
    """The part a dotted name lies in; None for the root of the package and for what is not ours."""
    names = module.split(".")
    if names[0] == "dashboard":
        return "dashboard"
    return names[1] if names[0] == "spexcore" and len(names) > 1 else None


def module_of(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported anywhere in the file, inside functions and for types too."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])] if node.level else []
            origin = ".".join(base) if node.level else str(node.module)
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def may_import(part: str, other: str) -> bool:
    here, there = FLOOR[part], FLOOR[other]
    if here == there:
        return (part, other) not in (("models", "lenses"), ("dashboard", "cli"))
    return here[0] > there[0]


@every_file
def test_every_module_has_a_floor(path: Path) -> None:
    part = part_of(module_of(path))
    assert part is None or part in FLOOR, f"{name_of(path)}: put {part!r} on a floor in {Path(__file__).name}."


@every_file
def test_lower_floors_never_import_higher_ones(path: Path) -> None:
    part = part_of(module_of(path))
    if part is None or part not in FLOOR:  # the root re-exports every floor
        return
    for line, module in imports(path):
        other = part_of(module)
        if other is None or other == part:
            continue
        assert other in FLOOR or module.startswith("spexcore.__"), (
            f"{name_of(path)}:{line} imports {module} by the root of the package; name the module that defines it."
        )
        if other in FLOOR:
            assert may_import(part, other), (
                f"{name_of(path)}:{line} imports {module}: floor {FLOOR[part]} may not import floor {FLOOR[other]}."
            )


@every_file
def test_heavy_libraries_stay_in_their_homes(path: Path) -> None:
    part = part_of(module_of(path))
    for line, module in imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or part in homes, (
            f"{name_of(path)}:{line} imports {module}, which belongs to {', '.join(homes) or 'the tests'}."
        )


def test_rules_of_the_floors() -> None:
    assert may_import("lenses", "models")
    assert may_import("explain", "estimators")
    assert may_import("explain", "lenses")
    assert may_import("interactions", "transforms")
    assert not may_import("models", "lenses")
    assert not may_import("estimators", "lenses")
    assert not may_import("lenses", "faithfulness")
    assert not may_import("game", "spectrum")
    assert not may_import("figures", "dashboard")
    assert not may_import("dashboard", "cli")


def test_importing_spexcore_loads_nothing_heavy() -> None:
    heavy = ["torch", "transformers", "streamlit", "plotly", "lightgbm", "sklearn"]
    code = f"import sys, spexcore; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"


@every_file
def test_file_is_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_A_FILE, f"{name_of(path)} has {lines} lines; split it."


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, source: list[str]) -> int:
    """Lines below the signature that are neither docstring nor blank."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    start = (first.end_lineno or first.lineno) if documented else first.lineno - 1
    return sum(1 for line in source[start : function.end_lineno] if line.strip())


@every_file
def test_function_bodies_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8").splitlines()
    long = {f"{f.name}, line {f.lineno}": body_lines(f, source) for f in functions(path)}
    assert not {name: lines for name, lines in long.items() if lines > LINES_A_BODY}, name_of(path)


@every_file
def test_functions_take_few_positional_parameters(path: Path) -> None:
    def positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        return len([name for name in names if name not in ("self", "cls")])

    many = {f"{f.name}, line {f.lineno}": positional(f) for f in functions(path)}
    assert not {name: count for name, count in many.items() if count > POSITIONAL_PARAMETERS}, name_of(path)


def test_body_is_counted_without_docstring_and_blank_lines() -> None:
    source = 'def f(\n    a,\n):\n    """What.\n\n    More.\n    """\n    a += 1\n\n    # why\n    return a\n'
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function, source.splitlines()) == 3
