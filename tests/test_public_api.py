"""What `import spexcore as spex` offers is what it says it offers: exported, documented, registered."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import spexcore
import spexcore.estimators
from spexcore.estimators.base import Estimator

PUBLIC = list(getattr(spexcore, "__all__", ()))  # its absence is a failed test below, not a broken collection

# What the examples of the README and the design call by `spex.`
CONTRACT = ["Explanation", "FunctionGame", "ProxySPEX", "StackSPEX", "TableGame", "WalshGP", "explain", "validate"]


def concrete_estimators() -> list[type[Estimator]]:
    """Every estimator of the package that can be made, wherever in `spexcore.estimators` it is defined."""
    for module in pkgutil.walk_packages(spexcore.estimators.__path__, "spexcore.estimators."):
        importlib.import_module(module.name)

    def below(parent: type) -> Iterator[type]:
        for child in parent.__subclasses__():
            yield child
            yield from below(child)

    ours = {child for child in below(Estimator) if child.__module__.startswith("spexcore.")}
    return sorted((child for child in ours if not inspect.isabstract(child)), key=lambda child: child.__name__)


ESTIMATORS = concrete_estimators()
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: estimator.__name__)
every_name = pytest.mark.parametrize("name", PUBLIC)


def own_docstring(thing: type) -> str:
    """The docstring written for this thing; "" where it is inherited, or made up by `dataclass`."""
    text = vars(thing).get("__doc__") or ""
    return "" if text.startswith(f"{thing.__name__}(") else inspect.cleandoc(text)


def test_all_is_sorted_without_repeats() -> None:
    assert PUBLIC
    assert sorted(set(PUBLIC)) == PUBLIC


@pytest.mark.parametrize("name", CONTRACT)
def test_contract_is_exported(name: str) -> None:
    assert name in PUBLIC


@every_name
def test_exported_name_can_be_imported(name: str) -> None:
    assert getattr(spexcore, name) is not None
    assert name in dir(spexcore)


@every_name
def test_exported_class_or_function_is_documented(name: str) -> None:
    thing = getattr(spexcore, name)
    if inspect.isclass(thing):
        assert own_docstring(thing), f"{name} has no docstring of its own."
    elif inspect.isroutine(thing) or inspect.ismodule(thing):
        assert inspect.getdoc(thing), f"{name} has no docstring."


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Shapely"):
        spexcore.Shapely  # noqa: B018


def test_there_are_estimators() -> None:
    assert {"Exact", "LeaveOneOut", "ProxySPEX", "WalshGP"} <= {estimator.__name__ for estimator in ESTIMATORS}


@every_estimator
def test_estimator_is_registered(estimator: type[Estimator]) -> None:
    name = estimator.__name__.lower()
    assert spexcore.estimators.ESTIMATORS.get(name) is estimator, f"Add {name!r} to spexcore/estimators/__init__.py."


@every_estimator
def test_estimator_is_exported(estimator: type[Estimator]) -> None:
    assert estimator.__name__ in PUBLIC, f"Export {estimator.__name__} in spexcore/__init__.py."
    assert getattr(spexcore, estimator.__name__) is estimator


@every_estimator
def test_estimator_says_what_it_is_in_one_line(estimator: type[Estimator]) -> None:
    line = own_docstring(estimator).partition("\n")[0]
    assert line.endswith("."), f"The first line of {estimator.__name__}'s docstring is its help text; got {line!r}."


def test_registry_holds_nothing_else() -> None:
    assert sorted(spexcore.estimators.ESTIMATORS.values(), key=lambda found: found.__name__) == ESTIMATORS
