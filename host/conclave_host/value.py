"""Small values with names for their parts. The standard library's own take longer to load than a switch has time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self, dataclass_transform
else:

    def dataclass_transform(**_: object) -> object:
        """Stand in for what only type checkers read."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Value:
    """A value whose parts are the annotated names of its class, in their order; class attributes are defaults."""

    __match_args__: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls.__match_args__ = tuple(cls.__annotations__)  # type: ignore[misc] # what type checkers derive themselves

    def __init__(self, *values: object, **named: object) -> None:
        parts = dict(zip(self.__match_args__, values, strict=False)) | named
        for name in self.__match_args__:
            vars(self)[name] = parts.pop(name) if name in parts else getattr(type(self), name)
        if parts or len(values) > len(self.__match_args__):
            raise TypeError(f"{type(self).__name__} has no {', '.join(parts) or 'so many parts'}")

    def __setattr__(self, name: str, _: object) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def replace(self, **changes: object) -> Self:
        """Return the same with some parts changed."""
        return type(self)(**(vars(self) | changes))
