"""torchvision for MONAI's RetinaNet, in a folder of the bench alone and without its compiled operators.

Its wheels are compiled against another build of torch than a CPU has. MONAI takes only Python from it (a
matcher, a sampler, a getter of layers); the operators are declared, so that importing it does not fail, and
fail where they are called.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(sys.prefix) / "bench-packages"
VERSION = "0.28.0"
_declared = None


def make_importable() -> None:
    """Installs it where it is not, and puts it behind the environment's own packages."""
    import torch

    global _declared
    if _declared is not None:
        return
    if not (FOLDER / "torchvision").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER)]
        subprocess.run([*pip, f"torchvision=={VERSION}"], check=True)
    sys.path.append(str(FOLDER))
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None
    assert spec.submodule_search_locations
    text = (Path(spec.submodule_search_locations[0]) / "_meta_registrations.py").read_text()
    names = set(re.findall(r'"torchvision::(\w+)"', text) + re.findall(r'register_meta\("(\w+)"\)', text))
    _declared = torch.library.Library("torchvision", "DEF")
    for name in names:
        _declared.define(f"{name}(Tensor x) -> Tensor")
