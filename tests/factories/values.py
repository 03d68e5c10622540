"""The data classes of a package, for the tests that hold them to be values."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from types import ModuleType


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Import every module of a package, those of its packages too."""
    names = [info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return [importlib.import_module(name) for name in names if "_child" not in name]


def loose(modules: list[ModuleType]) -> list[str]:
    """Name the data classes that can be changed after they are made, or given an attribute that they do not have.

    Also those whose derived fields are printed or compared: such a field says nothing that the others do not say.
    """
    return sorted(
        value.__qualname__
        for value in _data_classes(modules)
        if not value.__dataclass_params__.frozen  # type: ignore[attr-defined]
        or "__slots__" not in vars(value)
        or any(not part.init and (part.repr or part.compare) for part in dataclasses.fields(value))
    )


def presumed(modules: list[ModuleType]) -> dict[str, object]:
    """Return what data classes and named tuples take for granted: their defaults other than nothing at all."""
    defaults = {
        f"{_named(value)}.{part.name}": part.default
        for value in _data_classes(modules)
        for part in dataclasses.fields(value)
    }
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__:
                named = getattr(value, "_field_defaults", {})
                defaults |= {f"{_named(value)}.{name}": default for name, default in named.items()}
    return {name: default for name, default in defaults.items() if default and default is not dataclasses.MISSING}


def _data_classes(modules: list[ModuleType]) -> set[type]:
    return {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
    }


def _named(value: type) -> str:
    return f"{value.__module__.rpartition('.')[2]}.{value.__qualname__}"
