"""Names of model families, imported only when a worker needs one, so that web processes never load torch."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from detector.contracts import ModelFamily
from detector.errors import UnknownNameError

PLUGIN_GROUP = "harvest.detector_plugins"
KINDS = ("detector", "key_slice_filter", "characterizer", "liver_segmenter")

_FAMILIES: dict[str, tuple[str, str]] = {
    "centernet3d": ("detector", "detector.centernet.family:CENTERNET3D"),
    "centernet2d": ("detector", "detector.centernet.family:CENTERNET2D"),
    "ksf": ("key_slice_filter", "detector.keyslice.family:FAMILY"),
    "sadt": ("characterizer", "detector.sadt.family:SADT"),
    "deepten": ("characterizer", "detector.sadt.family:DEEPTEN"),
    "resnet2d": ("characterizer", "detector.sadt.family:RESNET2D"),
    "resnet3d": ("characterizer", "detector.sadt.family:RESNET3D"),
    "liver-unet": ("liver_segmenter", "detector.liver.family:FAMILY"),
}
_plugins_loaded = False


def register(name: str, kind: str, target: str) -> None:
    """Adds a family: `target` is "module:attribute" of a ModelFamily.

    Raises:
        UnknownNameError: the kind is not one of KINDS.
    """
    if kind not in KINDS:
        raise UnknownNameError(f"Unknown kind of model: {kind}.", remedy=f"One of: {', '.join(KINDS)}.")
    _FAMILIES[name] = (kind, target)


def _load_plugins() -> None:
    global _plugins_loaded
    if not _plugins_loaded:
        _plugins_loaded = True
        for point in entry_points(group=PLUGIN_GROUP):
            point.load()(register)


def names(kind: str | None = None) -> list[str]:
    """Registered family names, all or of one kind, sorted."""
    _load_plugins()
    return sorted(n for n, (k, _) in _FAMILIES.items() if kind in (None, k))


def kind_of(name: str) -> str:
    """The kind of a family without importing it; raises UnknownNameError."""
    _load_plugins()
    if name not in _FAMILIES:
        raise UnknownNameError(f"Unknown model family: {name}.", remedy=f"One of: {', '.join(names())}.")
    return _FAMILIES[name][0]


def family(name: str) -> ModelFamily:
    """Imports and returns a family; raises UnknownNameError."""
    kind_of(name)
    module, attribute = _FAMILIES[name][1].split(":")
    loaded: ModelFamily = getattr(import_module(module), attribute)
    return loaded
