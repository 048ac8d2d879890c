"""An exception is attributed to the component that raised it, wherever its code lies."""

from __future__ import annotations

from types import SimpleNamespace

from benchsuite.registry import Entry
from benchsuite.registry.attribution import blame


class Component:
    name = "faulty"

    def fail(self) -> None:
        raise ZeroDivisionError("nothing left")


def raised(component: Component) -> ZeroDivisionError:
    try:
        component.fail()
    except ZeroDivisionError as error:
        return error
    raise AssertionError


def entry(component: Component, module: str) -> Entry:
    return Entry("faulty", "model", component, "faulty-plugin", "1.0", module)  # type: ignore[arg-type]


def test_the_component_whose_method_failed_is_named_with_its_line() -> None:
    component = Component()
    blamed = blame(raised(component), [entry(component, __name__)])
    assert blamed is not None
    assert "model faulty raised ZeroDivisionError: nothing left" in blamed.what
    assert "in Component.fail" in str(blamed.where)


def test_a_component_that_inherits_the_method_from_another_package_is_named_too() -> None:
    component = Component()
    blamed = blame(raised(component), [entry(component, "faulty_plugin.models")])
    assert blamed is not None
    assert "faulty-plugin 1.0" in str(blamed.where)
    assert "in Component.fail" in str(blamed.where)


def test_what_no_component_raised_is_attributed_to_none() -> None:
    other = SimpleNamespace(name="other")
    assert blame(raised(Component()), [entry(other, "faulty_plugin")]) is None  # type: ignore[arg-type]


def test_a_disk_or_permissions_may_be_what_a_component_raises_of() -> None:
    class Reads(Component):
        def fail(self) -> None:
            raise PermissionError(13, "Permission denied", "/photos")

    component = Reads()
    try:
        component.fail()
    except PermissionError as error:
        blamed = blame(error, [entry(component, __name__)])
    assert blamed is not None
    assert "'/photos'" in blamed.what
    assert "check this path, its permissions and its disk" in (blamed.remedy or "")
