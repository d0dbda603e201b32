"""First weights from a file that the user names: a model of ours, or an encoder that others trained.

An encoder's file is safetensors with the tensor names of torchvision's ResNets or of EfficientNet-lite, from
three-channel photographs. Pickled checkpoints are not opened: they can run code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from detector.errors import PlanError
from detector.sadt import inverted, resnet
from detector.sadt.ensemble import Ensemble
from detector.sadt.inverted import EfficientNetLite
from detector.sadt.network import AveragePooled, LesionNetwork, Sadt
from detector.sadt.resnet import ResNet
from detector.weights import fill, is_weights, load_state, load_tensors

Started = Literal["random", "model", "encoder"]
_CONVERT = "Convert a checkpoint to safetensors once, as docs/reference/pretrained.md shows."


def start_from(networks: Ensemble, file: Path | None, system: str) -> Started:
    """Copies first weights into each network; says what they were.

    Raises:
        PlanError: not a safetensors file, of another family, or of another network.
    """
    if file is None:
        return "random"
    if is_weights(file):
        networks.load(load_state(file, family=system))
        return "model"
    tensors = load_tensors(file, remedy=_CONVERT)
    for network in networks:
        load_encoder(network, tensors)
    return "encoder"


def load_encoder(network: LesionNetwork, tensors: Mapping[str, Tensor]) -> None:
    """Copies an encoder's tensors by their published names; its classifier is left aside.

    The first convolution takes three colours there, and phases here: each has the colours' mean x 3 / P,
    so that P equal phases answer as a grey photograph would; presence planes begin at zero.

    Raises:
        PlanError: the network has no encoder in 2D, a tensor is missing or has another shape.
    """
    if not isinstance(network, Sadt | AveragePooled):
        raise PlanError("A file of an encoder fits the systems in 2D.", remedy="Leave --init out.")
    encoder = network.encoder
    if isinstance(encoder, ResNet) and not isinstance(encoder.stem[1], torch.nn.BatchNorm2d):
        raise PlanError("Published encoders have batch norm.", remedy="Set norm to batch.")
    names = _names(encoder)
    missing = [name for name in names if name not in tensors]
    if missing:
        raise PlanError(
            f"The file has no {missing[0]}, nor {len(missing) - 1} more of the encoder's tensors.",
            remedy="Take the size that it is of: resnet18, resnet50 or efficientnet-lite0.",
        )
    found = {key: tensors[name] for name, key in names.items()}
    first = next(key for key in encoder.state_dict() if key.startswith("stem.0"))
    found[first] = _widened(found[first], network.inputs // 2)
    fill(encoder, found)


def _names(encoder: ResNet | EfficientNetLite) -> dict[str, str]:
    if isinstance(encoder, EfficientNetLite):
        return inverted.published_names(encoder)
    return resnet.published_names(encoder)


def _widened(colours: Tensor, phases: int) -> Tensor:
    """(C, 3, k, k) to (C, 2 P, k, k)."""
    each = colours.mean(1, keepdim=True) * (colours.shape[1] / phases)
    return torch.cat([each.repeat(1, phases, 1, 1), torch.zeros_like(each).repeat(1, phases, 1, 1)], 1)
