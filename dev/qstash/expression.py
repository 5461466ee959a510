"""`Upstash-Retry-Delay`: arithmetic over `retried`, in milliseconds, read without ever running it
as code.

Source: https://upstash.com/docs/qstash/features/retry. Numbers, `+ - * / %`, parentheses, `retried`
(0 at the first retry) and the functions below; Python's own parser does the reading.
"""

import ast
import math
import operator
from collections.abc import Callable

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: math.fmod,
}
_FUNCTIONS: dict[str, tuple[Callable[..., float], range]] = {
    "pow": (math.pow, range(2, 3)),
    "sqrt": (math.sqrt, range(1, 2)),
    "abs": (abs, range(1, 2)),
    "exp": (math.exp, range(1, 2)),
    "floor": (math.floor, range(1, 2)),
    "ceil": (math.ceil, range(1, 2)),
    "round": (round, range(1, 2)),
    "min": (min, range(2, 100)),
    "max": (max, range(2, 100)),
}
_MAX_LENGTH = 1000


class Expression:
    """A retry delay, read. Raises `ValueError` where the text is not one."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise ValueError("the expression is too long")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError):
            raise ValueError(f"not an expression: {text}") from None
        _check(self._tree)

    def milliseconds(self, retried: int) -> float:
        """The delay before the next attempt. Raises `ArithmeticError` or `ValueError` where it has
        no value."""
        value = _value(self._tree, float(retried))
        if not math.isfinite(value):
            raise ValueError("the expression has no finite value")
        return max(0.0, value)


def _check(node: ast.expr) -> None:
    """Raises `ValueError` for everything the language does not have."""
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return
        case ast.Name(id="retried"):
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            _check(left)
            _check(right)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            if len(arguments) not in _FUNCTIONS[name][1]:
                raise ValueError(f"wrong number of arguments for {name}")
            for argument in arguments:
                _check(argument)
        case _:
            raise ValueError(f"not allowed in an expression: {ast.unparse(node)}")


def _value(node: ast.expr, retried: float) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, retried)
        case ast.UnaryOp(operand=operand):
            return _value(operand, retried)
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_value(left, retried), _value(right, retried))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float(
                _FUNCTIONS[name][0](*(_value(argument, retried) for argument in arguments))
            )
        case _:
            return retried
