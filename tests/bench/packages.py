"""What the bench alone needs, in a folder behind the environment's own packages.

MONAI's RetinaNet needs torchvision, whose wheels are compiled against another build of torch than a CPU has.
MONAI takes only Python from it (a matcher, a sampler, a getter of layers); the operators are declared, so
that importing it does not fail, and fail where they are called.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(sys.prefix) / "bench-packages"
TORCHVISION = ("torchvision==0.28.0",)
ONNX = ("onnx", "onnxruntime", "onnxscript", "onnx-ir", "ml-dtypes", "flatbuffers", "protobuf")
_declared = None


def make_importable(name: str, wanted: tuple[str, ...]) -> None:
    """Installs packages without what they depend on, where the module `name` is not there yet."""
    if not (FOLDER / name).is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER)]
        subprocess.run([*pip, *wanted], check=True)
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))


def torchvision() -> None:
    """Makes torchvision importable."""
    import torch

    global _declared
    if _declared is not None:
        return
    make_importable("torchvision", TORCHVISION)
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None
    assert spec.submodule_search_locations
    text = (Path(spec.submodule_search_locations[0]) / "_meta_registrations.py").read_text()
    names = set(re.findall(r'"torchvision::(\w+)"', text) + re.findall(r'register_meta\("(\w+)"\)', text))
    _declared = torch.library.Library("torchvision", "DEF")
    for name in names:
        _declared.define(f"{name}(Tensor x) -> Tensor")


def onnx() -> None:
    """Makes ONNX Runtime and what torch exports with importable."""
    make_importable("onnxruntime", ONNX)
