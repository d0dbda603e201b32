"""How likely a series' regions are in each phase: one Gaussian a phase, with any region missing or mistaken.

Enhancement is taken as asinh((HU at 120 kV - native) / 20): near zero it is linear, above logarithmic, so
that another dose, body weight or cardiac output moves all regions alike, which one direction of the
covariance carries. Each region found may still be something else (a stomach for a spleen); the likelihood is
the mean over every set of regions that could be mistaken, so that one wrong region is outvoted, not believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detector.errors import PlanError
from detector.phaseid.regions import REGIONS

PHASES = ("non_contrast", "arterial", "portal_venous", "delayed")
FORMAT = "harvest-phase-model/1"
NATIVE_HU: Mapping[str, float] = {
    "aorta": 40, "cava": 40, "liver": 57, "spleen": 45, "kidney": 32, "cortex": 20,
}  # fmt: skip
SCALE_HU = 20.0
USUAL_KV, IODINE_BY_KV = 120.0, 1.3
# How often a region that was found is another structure, by what was seen on the real scans of
# docs/real-data.md: vessels are followed through many slices, organs are a level in a part of the body.
MISTAKEN: Mapping[str, float] = {
    "aorta": 0.02, "cava": 0.1, "liver": 0.05, "spleen": 0.15, "kidney": 0.15, "cortex": 0.2,
}  # fmt: skip
_ANYTHING = 1 / 5.0  # density of a mistaken region's value: features span about 5

Matrix = npt.NDArray[np.float64]


def feature(region: str, hu: float) -> float:
    """Enhancement of a region on the model's scale; 0 is what it measures without contrast medium."""
    return float(np.arcsinh((hu - NATIVE_HU[region]) / SCALE_HU))


def at_usual_voltage(regions: Mapping[str, float], tube_kv: float | None) -> dict[str, float]:
    """HU as they would be at 120 kV; unchanged where the voltage is not known.

    Iodine absorbs about 1.7 times as much at 80 kV and 0.8 times at 140 kV; native HU change little.
    """
    factor = (tube_kv / USUAL_KV) ** IODINE_BY_KV if tube_kv else 1.0
    native = {**NATIVE_HU, "cortex": 0.0}
    return {name: native[name] + factor * (hu - native[name]) for name, hu in regions.items()}


@dataclass(frozen=True)
class PhaseModel:
    """`mean` (phases, regions) and `covariance` (phases, regions, regions) of the features of REGIONS."""

    mean: Matrix
    covariance: Matrix
    made_from: Mapping[str, Any]

    def log_likelihood(self, regions: Mapping[str, float]) -> Matrix:
        """Log likelihood (phases,) of what was found, in the order of PHASES; all 0 where nothing was."""
        seen = [i for i, name in enumerate(REGIONS) if name in regions]
        if not seen:
            return np.zeros(len(PHASES))
        values = np.array([feature(REGIONS[i], regions[REGIONS[i]]) for i in seen])
        terms = []
        for right in product((True, False), repeat=len(seen)):
            kept = tuple(i for i, r in zip(seen, right, strict=True) if r)
            prior = sum(
                np.log(1 - MISTAKEN[REGIONS[i]]) if r else np.log(MISTAKEN[REGIONS[i]] * _ANYTHING)
                for i, r in zip(seen, right, strict=True)
            )
            terms.append(prior + self._gaussian(kept, values[list(right)]))
        return np.asarray(np.logaddexp.reduce(terms, axis=0))

    def _gaussian(self, kept: tuple[int, ...], values: Matrix) -> Matrix:
        if not kept:
            return np.zeros(len(PHASES))
        inverse, constant = self._marginals(kept)
        away = values - self.mean[:, list(kept)]
        return np.asarray(constant - 0.5 * np.einsum("pi,pij,pj->p", away, inverse, away))

    def _marginals(self, kept: tuple[int, ...]) -> tuple[Matrix, Matrix]:
        if kept not in self._known:
            part = self.covariance[:, list(kept)][:, :, list(kept)]
            constant = -0.5 * (np.linalg.slogdet(part)[1] + len(kept) * np.log(2 * np.pi))
            self._known[kept] = (np.asarray(np.linalg.inv(part), dtype=np.float64), constant)
        return self._known[kept]

    @cached_property
    def _known(self) -> dict[tuple[int, ...], tuple[Matrix, Matrix]]:
        return {}

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, six significant digits."""
        return {
            "format": FORMAT,
            "regions": list(REGIONS),
            "phases": {
                phase: {"mean": _rounded(self.mean[i]), "covariance": _rounded(self.covariance[i])}
                for i, phase in enumerate(PHASES)
            },
            "made_from": dict(self.made_from),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PhaseModel:
        """Reads what as_json writes.

        Raises:
            PlanError: it is something else.
        """
        try:
            if data["format"] != FORMAT or tuple(data["regions"]) != REGIONS:
                raise ValueError
            phases = [data["phases"][phase] for phase in PHASES]
            mean = np.array([p["mean"] for p in phases], dtype=float)
            covariance = np.array([p["covariance"] for p in phases], dtype=float)
            n = len(REGIONS)
            if mean.shape != (len(PHASES), n) or covariance.shape != (len(PHASES), n, n):
                raise ValueError
            np.linalg.cholesky(covariance)
        except (KeyError, TypeError, ValueError) as error:  # LinAlgError is a ValueError
            raise PlanError(
                "The phase model's file is damaged.", remedy="Write it with `python -m detector phase_model`."
            ) from error
        return cls(mean, covariance, data.get("made_from", {}))


def _rounded(values: Matrix) -> Any:
    return [_rounded(v) for v in values] if values.ndim else float(f"{float(values):.6g}")


def read_model(path: Path) -> PhaseModel:
    """A model's JSON file; raises PlanError where it cannot be read or is something else."""
    try:
        return PhaseModel.from_json(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise PlanError("The phase model's file cannot be read.", remedy="Check the path.") from error


@lru_cache(maxsize=1)
def shipped_model() -> PhaseModel:
    """The model that comes with the package."""
    text = files("detector.phaseid").joinpath("model.json").read_text()
    return PhaseModel.from_json(json.loads(text))


def fit(samples: Sequence[tuple[str, Mapping[str, float]]], made_from: Mapping[str, Any]) -> PhaseModel:
    """Mean and covariance by phase of samples (phase, HU by region), over those where a region was found.

    Raises:
        PlanError: a phase with too few samples.
    """
    mean, covariance = [], []
    for phase in PHASES:
        rows = np.array(
            [
                [feature(name, r[name]) if name in r else np.nan for name in REGIONS]
                for p, r in samples
                if p == phase
            ]
        )
        if len(rows) < 10 * len(REGIONS) or np.isfinite(rows).sum(axis=0).min() < 10:
            raise PlanError(f"Too few samples of the {phase} phase to fit.", remedy="Use more studies.")
        table = np.ma.masked_invalid(rows)
        mean.append(np.asarray(table.mean(axis=0)))
        covariance.append(np.asarray(np.ma.cov(table, rowvar=False)) + 0.01 * np.eye(len(REGIONS)))
    return PhaseModel(np.array(mean), np.array(covariance), made_from)
