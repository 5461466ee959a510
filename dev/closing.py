"""What runs until it is closed: a server, a process, or a stack of them."""

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """A context manager that ends with `close()`."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
