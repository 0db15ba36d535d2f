"""Refuse float calls and float literals in packages that compute with exact numbers."""

import ast
import sys
from pathlib import Path


def violations(source):
    """Yield (line, what) for each float that a module's source writes or makes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"float literal {node.value!r}"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "float"
        ):
            yield node.lineno, "call of float()"


def main(paths):
    """Print what is found in the files; return the number of findings."""
    found = [
        f"{path}:{line}: {what}; use decimal.Decimal"
        for path in paths
        for line, what in violations(Path(path).read_text(encoding="utf-8"))
    ]
    print("\n".join(found), end="\n" if found else "")
    return len(found)


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
