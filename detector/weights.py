"""Weights files: one safetensors file a model, its plan inside, never a pickle.

The header of a safetensors file is JSON, so what a model is can be read without torch: `format`, `family`
(a name of detector.registry) and `plan` (JSON: every choice that the network and its input depend on).
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import PlanError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

FORMAT = "harvest-weights/1"
_MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors format itself
_REMEDY = "Name a .safetensors file that `python -m detector train` wrote."


def sha256(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits; raises PlanError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise PlanError("A file cannot be read to be hashed.", remedy="Check that it exists.") from error
    return digest.hexdigest()


def save_weights(
    path: Path, state_dict: Mapping[str, Tensor], plan: Mapping[str, Any], family: str, *, half: bool = True
) -> None:
    """Writes tensors and plan, floating tensors as fp16 where `half`; replaces `path` in one step.

    Raises:
        PlanError: the plan is not JSON.
    """
    import torch
    from safetensors.torch import save

    try:
        text = json.dumps(plan, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PlanError("The plan of a model must be plain JSON.") from error
    tensors = {
        name: (t.detach().cpu().to(torch.float16) if half and t.is_floating_point() else t.detach().cpu())
        .contiguous()
        .clone()  # tied tensors would be refused
        for name, t in state_dict.items()
    }
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(_in_order(save(tensors, {"format": FORMAT, "family": family, "plan": text})))
    os.replace(partial, path)


def _in_order(file: bytes) -> bytes:
    """The same file with the keys of its header sorted: the library writes metadata in a random order, and
    equal weights must have equal hashes."""
    (length,) = struct.unpack("<Q", file[:8])
    header = json.dumps(json.loads(file[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + file[8 + length :]


def _metadata(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _MAX_HEADER_BYTES:
                raise PlanError("This is not a weights file.", remedy=_REMEDY)
            metadata: dict[str, str] = json.loads(file.read(length)).get("__metadata__", {})
    except OSError as error:
        raise PlanError("The weights file cannot be read.", remedy=_REMEDY) from error
    except (struct.error, ValueError, AttributeError) as error:
        raise PlanError("This is not a weights file.", remedy=_REMEDY) from error
    if metadata.get("format") != FORMAT:
        raise PlanError(f"The weights file is not of format {FORMAT}.", remedy=_REMEDY)
    return metadata


def read_plan(path: Path) -> dict[str, Any]:
    """The plan of a weights file, read without torch; raises PlanError where the file is something else."""
    try:
        plan: dict[str, Any] = json.loads(_metadata(path)["plan"])
    except (KeyError, ValueError) as error:
        raise PlanError("The weights file has no readable plan.", remedy=_REMEDY) from error
    return plan


def read_family(path: Path) -> str:
    """The registry name of the family that wrote a weights file; raises PlanError."""
    return _metadata(path).get("family", "")


def is_weights(path: Path) -> bool:
    """Whether a file is one of ours, rather than someone else's."""
    try:
        return bool(_metadata(path))
    except PlanError:
        return False


def load_tensors(path: Path, *, remedy: str) -> dict[str, Tensor]:
    """The tensors of any safetensors file by name; raises PlanError with the remedy where it is none."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise PlanError("The file is damaged, or not a safetensors file.", remedy=remedy) from error


def load_state(path: Path, *, family: str | None = None) -> dict[str, Tensor]:
    """The tensors of a weights file by name, floating ones as fp32 on the CPU.

    Raises:
        PlanError: not a weights file, damaged, or of another family than `family`.
    """
    found = read_family(path)
    if family is not None and found != family:
        raise PlanError(f"These are weights of {found or 'no family'}, not of {family}.", remedy=_REMEDY)
    tensors = load_tensors(path, remedy=_REMEDY)
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def fill(network: Module, tensors: Mapping[str, Tensor]) -> None:
    """Copies tensors into a network; raises PlanError where they are of another network."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise PlanError(
            "The weights do not fit the plan's: they are of another network.",
            remedy="Take the size and plan that they were trained with.",
        ) from error


def load_into(network: Module, path: Path, family: str) -> None:
    """Copies a family's weights file into a network; raises PlanError, as load_state and fill do."""
    fill(network, load_state(path, family=family))
