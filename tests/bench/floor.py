"""What the machine could do at best: its matrix products and its memory, and what a network asks of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def median_s(run: Callable[[], object], times: int = 5) -> float:
    """Median seconds after one run to warm up."""
    run()
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


@dataclass(frozen=True, slots=True)
class Machine:
    """Floating point operations and bytes a second, measured."""

    flops: float
    bytes: float


def machine(dtype: torch.dtype) -> Machine:
    """Of a product of two matrices of 2048 x 2048, and of a copy of 256 MB."""
    a, b = torch.randn(2, 2048, 2048).to(dtype)
    source = torch.zeros(64_000_000)
    target = torch.empty_like(source)
    return Machine(
        2 * 2048**3 / median_s(lambda: a @ b), 2 * source.nbytes / median_s(lambda: target.copy_(source))
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Floating point operations of a forward pass, and the bytes that its layers read and write: each
    layer's input, output and weights once, in the given type."""

    flops: float
    bytes: float

    def floor_s(self, able: Machine) -> float:
        """The least seconds, where nothing waits for anything."""
        return max(self.flops / able.flops, self.bytes / able.bytes)


@torch.no_grad()
def asked(network: nn.Module, *inputs: Tensor, width: int = 4) -> Asked:
    """Of one forward pass; `width` is the bytes of a number."""
    moved = 0

    def note(layer: nn.Module, given: tuple[Any, ...], out: Any) -> None:
        nonlocal moved
        tensors = [t for t in (*given, out) if isinstance(t, Tensor)]
        moved += sum(t.numel() for t in (*tensors, *layer.parameters(recurse=False)))

    leaves = [m for m in network.modules() if not list(m.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    with FlopCounterMode(display=False) as counter:
        network(*inputs)
    for hook in hooks:
        hook.remove()
    return Asked(float(counter.get_total_flops()), float(moved * width))
