"""Formulas over additive measures: parsed, checked, never run as code.

Allowed: measure names, numbers, + - * /, brackets, unary minus. A formula is worked out on sums, so a roll-up
of any rows is a ratio of sums and never a mean of ratios.
"""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

_OPERATIONS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}


class FormulaError(ValueError):
    """The text is no formula; the message says what is wrong with it."""


class Undefined(ArithmeticError):
    """The formula has no value: division by zero or less, or a measure that is not known."""


@dataclass(frozen=True, slots=True)
class Formula:
    text: str
    names: tuple[str, ...]  # measures used, in the order written
    _tree: ast.expr

    def value(self, measures: Mapping[str, Decimal | None]) -> Decimal:
        """The result.

        Args:
            measures: a sum for each name; None = not known.

        Raises:
            Undefined: a division by zero or less, or a measure is None.
        """
        return _work_out(self._tree, measures)


def parse(text: str, known: Collection[str] | None = None) -> Formula:
    """Check and parse a formula.

    Args:
        known: the measures that exist; None accepts any name.

    Raises:
        FormulaError: with the place or the name that is wrong.
    """
    if len(text) > 500:
        raise FormulaError("The formula is too long; 500 characters at most.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise FormulaError(f"“{text}” is no formula: {error}.") from None
    names: list[str] = []
    _check(tree, names)
    if not names:
        raise FormulaError(f"“{text}” names no measure.")
    unknown = [name for name in names if known is not None and name not in known]
    if unknown:
        raise FormulaError(f"There is no measure “{unknown[0]}”.")
    return Formula(text, tuple(dict.fromkeys(names)), tree)


def _check(node: ast.expr, names: list[str]) -> None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        _check(node.left, names)
        _check(node.right, names)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check(node.operand, names)
    elif isinstance(node, ast.Name):
        names.append(node.id)
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise FormulaError(f"“{ast.unparse(node)}” is not allowed; use measures, numbers, + - * / and brackets.")


def _work_out(node: ast.expr, measures: Mapping[str, Decimal | None]) -> Decimal:
    if isinstance(node, ast.Constant):
        return Decimal(str(node.value))
    if isinstance(node, ast.Name):
        found = measures[node.id]
        if found is None:
            raise Undefined(node.id)
        return found
    if isinstance(node, ast.UnaryOp):
        inner = _work_out(node.operand, measures)
        return -inner if isinstance(node.op, ast.USub) else inner
    assert isinstance(node, ast.BinOp)
    left, right = _work_out(node.left, measures), _work_out(node.right, measures)
    if isinstance(node.op, ast.Div):
        if right <= 0:  # a share of nothing, or of less than nothing, says nothing
            raise Undefined(ast.unparse(node.right))
        return left / right
    return _OPERATIONS[type(node.op)](left, right)
