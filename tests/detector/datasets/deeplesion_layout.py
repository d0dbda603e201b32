"""DeepLesion as it is published: a table of measurements, and 16-bit slices in a folder a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

HEADER = (
    "File_name,Patient_index,Study_index,Series_ID,Key_slice_index,Measurement_coordinates,Bounding_boxes,"
    "Lesion_diameters_Pixel_,Normalized_lesion_location,Coarse_lesion_type,Possibly_noisy,Slice_range,"
    "Spacing_mm_px_,Image_size,DICOM_windows,Patient_gender,Patient_age,Train_Val_Test"
)
SPACING = (0.8, 0.8, 5.0)
# A lesion of 20 x 10 px, long axis along x, on slice 13.
ENDS = "30, 40, 50, 40, 40, 35, 40, 45"


def row(name: str, coarse: int = 4, ends: str = ENDS, spacing: str = "0.8, 0.8, 5", part: int = 3) -> str:
    return (
        f'{name},{int(name[:6])},1,1,{int(name[-7:-4])},"{ends}","25, 30, 55, 50","20, 10","0.4, 0.5, 0.6",'
        f'{coarse},0,"10, 16","{spacing}","64, 64","-175, 275",F,62,{part}'
    )


def write_slices(folder: Path, numbers: range) -> None:
    folder.mkdir(parents=True)
    for n in numbers:
        hu = np.random.default_rng(n).integers(-20, 160, (64, 72))
        hu[40, 40] = n  # says which slice it is
        sitk.WriteImage(sitk.GetImageFromArray((hu + 32768).astype(np.uint16)), str(folder / f"{n:03d}.png"))


def deeplesion(root: Path) -> Path:
    """A liver lesion, a lung nodule, and a series in two stretches of which only one is measured."""
    write_slices(root / "Images_png" / "000001_01_01", range(10, 17))
    write_slices(root / "Images_png" / "000002_01_01", range(10, 17))
    folder = root / "Images_png" / "000003_02_01"
    write_slices(folder, range(10, 16))
    write_slices(root / "more", range(30, 36))
    for path in (root / "more").iterdir():
        path.rename(folder / path.name)
    rows = [row("000001_01_01_013.png"), row("000002_01_01_013.png", 5), row("000003_02_01_012.png")]
    (root / "DL_info.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return root
