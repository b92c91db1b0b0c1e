"""The names that a person's own Python code gives to something, beside our blocks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from core.exporters.python_texts import outside_of_blocks

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def names_outside(text: str) -> frozenset[str]:
    """What the module's own code binds at its top; none of code that Python could not run anyway."""
    try:
        tree = ast.parse(outside_of_blocks(text.removeprefix("\ufeff")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(_bound(tree))


def _bound(module: ast.AST) -> Iterator[str]:
    pending: list[ast.AST] = [module]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))
