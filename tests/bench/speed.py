"""`python -m tests.bench.speed`: seconds a study and samples a second, beside floors, limits and a rival.

A floor is what the machine needs at the least: operations by its fastest matrix product, or bytes by its
fastest copy, whichever is more. What takes one of a rival's kind runs in the same minute as ours.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from detector import registry
from detector.centernet.decode import box_in_mm, decode_sample, merge_phases
from detector.centernet.network import CenterNet3D, Maps
from detector.centernet.plan import CenterNetPlan, plan_for
from detector.geometry import VolumeGeometry
from detector.hardware import channels_last
from detector.sadt.config import make_plan
from detector.sadt.network import build_network
from tests.bench import packages
from tests.bench.floor import Machine, asked, machine, median_s
from tests.bench.rivals import retinanet

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = REPOSITORY / "fixtures"
PHASES = 4
Row = tuple[str, str, str]


def has_bf16() -> bool:
    """Whether the processor has instructions for it, rather than imitating it."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def network_of(size: str, *, last: bool = True) -> tuple[CenterNet3D, CenterNetPlan]:
    """A network with random weights, laid out as it is used."""
    plan = plan_for(size)
    torch.manual_seed(0)
    network = CenterNet3D(plan).eval()
    return channels_last(network, torch.device("cpu")) if last else network, plan


def detect_slim64(able: dict[torch.dtype, Machine]) -> list[Row]:
    """Network, decode and merge of four preprocessed phases, as it is and in ways that may be faster."""
    network, plan = network_of("slim64")
    volume = torch.randn(PHASES, 1, *plan.input_zyx)
    grid = VolumeGeometry(plan.input_zyx, (1.5, 1.5, 4.0), (0.0, 0.0, 0.0), "1.2.3")

    def answer(forward: Callable[[Tensor], Any], dtype: torch.dtype) -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
            maps = forward(volume)[-1]
        found = {}
        for index in range(PHASES):
            boxes = decode_sample(maps, index, plan.stride_zyx, top=plan.top)
            placed = [(score, box_in_mm(edges, grid, grid.extent)) for score, edges in boxes]
            found[str(index)] = [(score, box) for score, box in placed if box is not None]
        merge_phases(found, iou_threshold=plan.nms_iou, top=plan.top)

    rows = []
    types = {"fp32": torch.float32, "bf16": torch.bfloat16} if has_bf16() else {"fp32": torch.float32}
    limits = {"fp32": 12, "bf16": 5}
    for name, dtype in types.items():
        asks = asked(network, volume[:1], width=4 if dtype is torch.float32 else 2)
        floor = PHASES * asks.floor_s(able[dtype])
        seconds = median_s(lambda dtype=dtype: answer(network, dtype), 3)
        rows.append(
            (
                f"slim64, four phases, {name}",
                f"{seconds:.2f} s",
                f"limit {limits[name]} s; floor {floor:.2f} s ({floor / seconds:.0%} of it used)",
            )
        )
        beside = f"as it is {seconds:.2f} s"
        for way, forward in _ways(network):
            try:
                other = median_s(lambda f=forward, d=dtype: answer(f, d), 3)
                rows.append((f"slim64, four phases, {name}, {way}", f"{other:.2f} s", beside))
            except Exception as error:
                rows.append((f"slim64, four phases, {name}, {way}", "not run", type(error).__name__))
    return rows


def _ways(network: CenterNet3D) -> Iterator[tuple[str, Callable[[Tensor], Any]]]:
    yield "a phase at a time", lambda x: [_joined([network(one)[-1] for one in x.split(1)])]
    yield "channels first", network_of("slim64", last=False)[0]
    yield "torch.compile", torch.compile(network)


def _joined(maps: list[Maps]) -> Maps:
    return Maps(*(torch.cat([getattr(m, name) for m in maps]) for name in ("heatmap", "size", "offset")))


def onnx_runtime() -> list[Row]:
    """slim64 through ONNX Runtime, fp32."""
    packages.onnx()
    import onnxruntime

    network, plan = network_of("slim64")
    volume = torch.randn(1, 1, *plan.input_zyx)

    class Last(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            last = network(x)[-1]
            return last.heatmap, last.size, last.offset

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "slim64.onnx")
        torch.onnx.export(Last(), (volume,), path, dynamo=True, verbose=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        given = {name: volume.numpy()}
        with torch.inference_mode():
            wanted = network(volume)[-1].heatmap.numpy()
        apart = float(np.abs(session.run(None, given)[0] - wanted).max())
        theirs = PHASES * median_s(lambda: session.run(None, given), 3)
    with torch.inference_mode():
        ours = PHASES * median_s(lambda: network(volume), 3)
    beside = f"torch {ours:.2f} s a phase at a time; heatmaps differ by {apart:.1e}"
    return [("slim64, four phases, ONNX Runtime, network alone", f"{theirs:.2f} s", beside)]


def small_ones(able: Machine) -> list[Row]:
    """The small detector's network and MONAI's RetinaNet of like size, one phase each; SaDT of ResNet-50."""
    network, plan = network_of("small")
    volume = torch.randn(1, 1, *plan.input_zyx)
    torch.manual_seed(0)
    rival = retinanet.network([[2.0, 4.0, 4.0], [3.0, 8.0, 8.0], [4.0, 12.0, 12.0]], plan.top).eval()
    with torch.inference_mode():
        ours = median_s(lambda: network(volume), 9)
        theirs = median_s(lambda: rival(volume), 9)
    floor = asked(network, volume).floor_s(able)
    rows = [
        (
            "small, one phase, network",
            f"{1000 * ours:.0f} ms",
            f"floor {1000 * floor:.0f} ms; MONAI's RetinaNet with its boxes {1000 * theirs:.0f} ms",
        )
    ]
    for size in ("small", "resnet50"):
        wanted = make_plan(size)
        torch.manual_seed(0)
        texture = build_network(wanted).eval()
        side = wanted.sides[0]
        image, mask = torch.randn(1, 8, side, side), torch.ones(1, side, side)
        with torch.inference_mode():
            seconds = median_s(lambda t=texture, i=image, m=mask: t(i, m), 9)
        floor = asked(texture, image, mask).floor_s(able)
        told = f"floor {1000 * floor:.1f} ms"
        rows.append((f"SaDT {size}, one lesion at {side} pixels, network", f"{1000 * seconds:.1f} ms", told))
    return rows


def training(able: Machine) -> list[Row]:
    """Samples a second of whole steps, forward, backward and optimiser, on inputs that lie in memory."""
    rows = []
    for size, shape, batch in (("small", None, 3), ("small", "crops", 8), ("slim64", None, 1)):
        plan = plan_for(size)
        zyx = plan.crop_zyx if shape and plan.crop_zyx else plan.input_zyx
        volume = torch.randn(batch, 1, *zyx)
        network = network_of(size)[0].train()
        seconds = median_s(_step(network, volume, lambda out: out[-1].heatmap.square().mean()), 3)
        floor = 3 * asked(network, volume[:1]).floor_s(able)
        what = f"training {size} on {'crops' if shape else 'whole inputs'} of {' x '.join(map(str, zyx))}"
        told = f"floor {1 / floor:.2f}"
        if size == "small":
            torch.manual_seed(0)
            rival = retinanet.network([[2.0, 4.0, 4.0], [3.0, 8.0, 8.0], [4.0, 12.0, 12.0]], 10).train()
            boxes = torch.tensor([[2.0, 8.0, 8.0, 8.0, 24.0, 24.0]])
            targets = [{"boxes": boxes, "labels": torch.zeros(1, dtype=torch.long)} for _ in range(batch)]
            theirs = median_s(
                _step(lambda x, r=rival, t=targets: r(x, t), volume, lambda out: sum(out.values()), rival), 3
            )
            told += f"; MONAI's RetinaNet {batch / theirs:.2f}"
        rows.append((f"{what}, batch {batch}: samples a second", f"{batch / seconds:.2f}", told))
    return rows


def _step(
    forward: Callable[[Tensor], Any],
    volume: Tensor,
    loss_of: Callable[[Any], Tensor],
    network: nn.Module | None = None,
) -> Callable[[], None]:
    learning = network or forward
    assert isinstance(learning, nn.Module)
    optimizer = torch.optim.AdamW(learning.parameters())

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss_of(forward(volume)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


# The functions that a study goes through, and what they are called in the table.
STAGES = {
    "telling phases": ("detector.ingest.study", "decide_phases"),
    "finding the liver": ("detector.ingest.study", "liver_of"),
    "registering": ("detector.ingest.study", "align_or_leave"),
    "resampling phases": ("detector.ingest.study", "resample"),
}


def stages(study: Path) -> dict[str, Any]:
    """Seconds of each stage from files to boxes and the first box's class, and the peak memory in GB."""
    import importlib

    from detector.ingest import study as reading

    spent: dict[str, float] = {}
    for name, (module, function) in STAGES.items():
        there = importlib.import_module(module)
        setattr(there, function, _timed(getattr(there, function), name, spent))
    begun = time.perf_counter()
    images = reading.load_study(study)
    read = time.perf_counter() - begun
    spent["reading files"] = read - sum(spent.values())
    for name, family, file in (
        ("detecting", "centernet3d", "centernet3d-small"),
        ("key slices", "ksf", "ksf-small"),
        ("characterizing", "sadt", "sadt-small"),
    ):
        model = registry.family(family).load(FIXTURES / f"{file}.safetensors")
        begun = time.perf_counter()
        if family == "centernet3d":
            boxes = [c.box for c in model.detect(images)]
        elif family == "ksf":
            keys = model.key_slices(images, boxes)
        elif boxes:
            model.characterize(images, boxes[0], z_index=keys[0].z_index)
        spent[name] = time.perf_counter() - begun
    return {"stages": spent, "peak_gb": peak_gb()}


def _timed(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **more: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*args, **more)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - begun

    return run


def end_to_end() -> list[Row]:
    """One phantom study of 512 x 512 x 48 in a process of its own, three times."""
    with tempfile.TemporaryDirectory() as folder:
        made = [sys.executable, "-m", "detector", "phantom", "--out", folder, "--studies", "1"]
        subprocess.run([*made, "--matrix", "512", "--slices", "48"], check=True, capture_output=True)
        argv = [sys.executable, "-m", "tests.bench.speed", "--stages", f"{folder}/study-0001"]
        runs = [
            json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
            for _ in range(3)
        ]
    rows = []
    total = 0.0
    for name in runs[0]["stages"]:
        seconds = statistics.median(run["stages"][name] for run in runs)
        total += seconds
        rows.append((f"512 x 512 x 48, four phases: {name}", f"{seconds:.2f} s", ""))
    peak = max(run["peak_gb"] for run in runs)
    return [*rows, ("512 x 512 x 48, four phases: all", f"{total:.1f} s, {peak:.2f} GB", "limit 60 s, 4 GB")]


PARTS: dict[str, Callable[[dict[torch.dtype, Machine]], list[Row]]] = {
    "slim64": detect_slim64,
    "onnx": lambda able: onnx_runtime(),
    "small networks": lambda able: small_ones(able[torch.float32]),
    "training": lambda able: training(able[torch.float32]),
    "a study": lambda able: end_to_end(),
}


def peak_gb() -> float:
    """Of this process, since it began."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def one_part(name: str) -> None:
    """A part in this process alone, so that its peak memory is its own."""
    able = {dtype: machine(dtype) for dtype in (torch.float32, torch.bfloat16)}
    for row in PARTS[name](able):
        print(f"| {' | '.join(row)} |", flush=True)
    products = ", ".join(f"{able[dtype].flops / 1e9:.0f}" for dtype in able)
    told = f"products fp32, bf16 {products} GFLOP/s; copies {able[torch.float32].bytes / 1e9:.1f} GB/s"
    print(f"| {name}: peak memory | {peak_gb():.2f} GB | {told} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=Path, help="only one study, its stages as JSON")
    parser.add_argument("--part", choices=PARTS, help="only one part, in this process")
    args = parser.parse_args()
    if args.stages:
        print(json.dumps(stages(args.stages)))
    elif args.part:
        one_part(args.part)
    else:
        print(
            f"{torch.get_num_threads()} threads\n\n| what | figure | beside it |\n|---|---|---|", flush=True
        )
        for name in PARTS:
            subprocess.run([sys.executable, "-m", "tests.bench.speed", "--part", name], check=True)


if __name__ == "__main__":
    main()
