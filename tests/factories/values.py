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
    classes = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value)
    }
    ours = [value for value in classes if value.__module__ in {module.__name__ for module in modules}]
    return sorted(
        value.__qualname__
        for value in ours
        if not value.__dataclass_params__.frozen  # type: ignore[attr-defined]
        or "__slots__" not in vars(value)
        or any(not part.init and (part.repr or part.compare) for part in dataclasses.fields(value))
    )
