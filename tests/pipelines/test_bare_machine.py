"""What a rented machine needs: torch, timm, numpy, Pillow and safetensors, and nothing else to begin with."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BARE = {"torch", "timm", "torchvision", "numpy", "PIL", "safetensors", "pipelines"}
# What decodes images is started once for each core, so it must start fast, and not load what only training needs.
DECODE = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.split(".")[0] in {"torch", "timm", "polars", "tifffile", "stackyard", "members", "click", "rich"}:
            raise ImportError(name)
sys.meta_path.insert(0, Absent())
from pipelines.filling import fill_chunk
"""


def at_import(node: ast.AST) -> list[ast.stmt]:
    """Return the imports that run when a module is imported: not those of functions, and not those for types alone."""
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            found.append(child)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found += at_import(child)
    return found


def test_no_module_of_pipelines_needs_more_than_a_bare_machine_has():
    odd = []
    for path in sorted((ROOT / "pipelines").rglob("*.py")):
        for statement in at_import(ast.parse(path.read_text())):
            modules = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else [statement.module]
            odd += [(path.name, name) for name in modules if name.split(".")[0] not in BARE | sys.stdlib_module_names]

    assert odd == []


def test_a_process_that_decodes_needs_neither_torch_nor_what_is_optional():
    done = subprocess.run([sys.executable, "-c", DECODE], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stderr == ""
