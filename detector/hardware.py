"""Where networks run, in what precision, and beside whom."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from typing import Literal, TypeVar

import torch
from torch import Tensor, distributed, nn

T = TypeVar("T")
N = TypeVar("N", bound=nn.Module)
Precision = Literal["auto", "fp32", "bf16"]
_WAIT = timedelta(days=1)  # for a process that reads a large archive while the others wait


def choose_device() -> torch.device:
    """The process's own GPU where there is one (hide them with CUDA_VISIBLE_DEVICES=""), else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", local_rank())
    return torch.device("cpu")


def local_rank() -> int:
    """Which of torchrun's processes on this machine this is; 0 without torchrun."""
    return int(distributed.get_node_local_rank(fallback_rank=0))


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights lie; the CPU where it has none."""
    return next((p.device for p in network.parameters()), torch.device("cpu"))


def moved(tree: T, device: torch.device) -> T:
    """The same with every tensor on `device`; tuples and dataclasses are gone through, the rest stays."""
    if isinstance(tree, Tensor):
        # Towards the CPU it must be waited for: whoever reads it there would see what is not there yet.
        return tree.to(device, non_blocking=device.type != "cpu")  # type: ignore[return-value]
    if isinstance(tree, tuple):
        return tuple(moved(part, device) for part in tree)  # type: ignore[return-value]
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(tree, **{f.name: moved(getattr(tree, f.name), device) for f in fields(tree)})
    return tree


def channels_last(network: N, device: torch.device) -> N:
    """The network itself, its 3D kernels laid out with their channels last where it is to run on a CPU: there
    that is a tenth to a quarter quicker (docs/benchmarks.md). It answers the same but for rounding."""
    if device.type == "cpu":
        network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return network


def in_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether to compute in bf16: "auto" does on a GPU alone, since few CPUs have instructions for it."""
    return precision == "bf16" or (precision == "auto" and device.type == "cuda")


def peak_memory_gib(device: torch.device) -> float:
    """The most memory that this process has held: of its GPU, else of the machine."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**30
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 2**30 if sys.platform == "darwin" else held / 2**20


def describe_hardware() -> dict[str, str]:
    """What the figures of a training depend on: device, threads, processes."""
    device = choose_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu"
    return {
        "device": f"{device.type}: {name}",
        "threads": str(torch.get_num_threads()),
        "processes": str(world().size),
    }


@dataclass(frozen=True, slots=True)
class World:
    """The processes of one training: this one is `rank` of `size`. Rank 0 writes the files."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, samples: int) -> range:
        """This process's part of so many samples."""
        return range(self.rank * samples // self.size, (self.rank + 1) * samples // self.size)

    def total(self, value: float, device: torch.device) -> float:
        """The sum of a number over the processes."""
        if self.size == 1:
            return value
        held = torch.tensor(value, dtype=torch.float32, device=device)
        distributed.all_reduce(held)
        return float(held)

    def add_gradients(self, model: nn.Module) -> None:
        """Sums every gradient over the processes (a parameter that one of them did not use counts as 0)."""
        if self.size == 1:
            return
        for parameter in model.parameters():
            if parameter.requires_grad:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                distributed.all_reduce(parameter.grad)

    def agree(self, tensors: list[Tensor]) -> None:
        """Gives every process the tensors of rank 0."""
        if self.size > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Returns when every process has come here."""
        if self.size > 1:
            distributed.barrier()


_world = World()


def world() -> World:
    """The processes of the running training."""
    return _world


@contextmanager
def join_world() -> Iterator[World]:
    """Joins the processes that torchrun started (gloo on CPUs, nccl on GPUs); alone without torchrun."""
    global _world
    if not distributed.is_torchelastic_launched():
        yield _world
        return
    device = choose_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_WAIT)
    _world = World(distributed.get_rank(), distributed.get_world_size())
    try:
        yield _world
    finally:
        _world = World()
        distributed.destroy_process_group()
