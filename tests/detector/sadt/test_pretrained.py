"""First weights from a file: an encoder by its published names, widened to phases, or a clear refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from detector.errors import PlanError
from detector.sadt import inverted, resnet
from detector.sadt.config import make_plan
from detector.sadt.ensemble import build_ensemble
from detector.sadt.inverted import EfficientNetLite, SameConv
from detector.sadt.network import AveragePooled, Sadt, build_network
from detector.sadt.pretrained import load_encoder, start_from
from detector.sadt.resnet import ResNet

PLANS = {
    "resnet18": {"width": 8, "encoding_channels": 8, "codewords": 4},
    "efficientnet-lite0": {"width": 8, "encoding_channels": 8, "codewords": 4},
}


def network(size: str, system: str = "sadt", **changes: object) -> Sadt:
    built = build_network(make_plan(size, {**PLANS.get(size, {}), **changes}, system=system))
    assert isinstance(built, Sadt | AveragePooled)
    return built  # type: ignore[return-value]


def published(size: str) -> dict[str, torch.Tensor]:
    """What a file from elsewhere holds: an encoder of three colours by its published names, and its head."""
    plan = make_plan(size, PLANS[size])
    torch.manual_seed(1)
    if size == "efficientnet-lite0":
        built = EfficientNetLite(3, width=plan.width, layers=plan.layers, strides=plan.strides)
        names = inverted.published_names(built)
    else:
        built = ResNet(
            3,
            width=plan.width,
            layers=plan.layers,
            strides=plan.strides,
            block="basic",
            norm="batch",
            stem_pool=True,
        )
        names = resnet.published_names(built)
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
    state = built.state_dict()
    return {**{name: state[key].clone() for name, key in names.items()}, "fc.weight": torch.zeros(10, 3)}


@pytest.mark.parametrize("size", PLANS)
def test_equal_phases_answer_as_a_grey_photograph(size: str) -> None:
    tensors = published(size)
    ours = network(size)
    load_encoder(ours, tensors)
    plan = make_plan(size, PLANS[size])
    theirs = build_network(plan.model_copy(update={"phases": ("portal_venous",)})).encoder  # type: ignore[union-attr]
    names = (inverted if size == "efficientnet-lite0" else resnet).published_names(theirs)
    state = {key: tensors[name] for name, key in names.items()}
    first = next(iter(state))
    state[first] = torch.cat(
        [tensors[next(iter(names))].sum(1, keepdim=True), torch.zeros_like(state[first][:, :1])], 1
    )
    theirs.load_state_dict(state)
    grey = torch.randn(1, 1, 64, 64)
    with torch.inference_mode():
        seen = ours.eval().encoder(torch.cat([grey.repeat(1, 4, 1, 1), torch.ones(1, 4, 64, 64)], 1))
        wanted = theirs.eval()(torch.cat([grey, torch.ones_like(grey)], 1))
    torch.testing.assert_close(seen, wanted, rtol=1e-3, atol=1e-4)


def test_torchvision_s_names_are_met() -> None:
    """Those of ResNet-50, as its published files have them."""
    encoder = network("resnet50", width=8, encoding_channels=8).encoder
    names = resnet.published_names(encoder)  # type: ignore[arg-type]
    assert {
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv3.weight",
        "layer1.0.downsample.0.weight",
        "layer1.0.downsample.1.bias",
        "layer3.5.bn2.num_batches_tracked",
        "layer4.2.conv1.weight",
    } <= set(names)
    assert len(names) == 318  # of 320, without fc


def test_a_stride_of_two_pads_the_far_side() -> None:
    """As the published weights were trained: an even input is padded by nothing before and one after."""
    conv = SameConv(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(conv.weight)
    corner = torch.zeros(1, 1, 4, 4)
    corner[0, 0, 0, 0] = 1
    assert conv(corner)[0, 0].tolist() == [[1, 0], [0, 0]]
    far = torch.zeros(1, 1, 4, 4)
    far[0, 0, 3, 3] = 1
    assert conv(far)[0, 0].tolist() == [[0, 0], [0, 1]]


def test_every_network_starts_from_the_file_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "encoder.safetensors"
    save_file(published("resnet18"), file)
    networks = build_ensemble(make_plan("resnet18", {**PLANS["resnet18"], "folds": 2}))
    assert start_from(networks, file, "sadt") == "encoder"
    one, two = (n.encoder.state_dict() for n in networks)  # type: ignore[union-attr]
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert start_from(networks, None, "sadt") == "random"


def test_what_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    tensors = published("resnet18")
    pickled = tmp_path / "encoder.pth"
    torch.save(tensors, pickled)
    with pytest.raises(PlanError, match="not a safetensors file") as refusal:
        start_from(build_ensemble(make_plan("resnet18", PLANS["resnet18"])), pickled, "sadt")
    assert "docs/reference/pretrained.md" in str(refusal.value.remedy)
    with pytest.raises(PlanError, match=r"The file has no _conv_stem\.weight"):
        load_encoder(network("efficientnet-lite0"), tensors)
    with pytest.raises(PlanError, match="another network"):
        load_encoder(network("resnet18", width=16), tensors)
    with pytest.raises(PlanError, match="batch norm"):
        load_encoder(network("resnet18", norm="group"), tensors)
    with pytest.raises(PlanError, match="systems in 2D"):
        load_encoder(build_network(make_plan("tiny", system="resnet3d")), tensors)
