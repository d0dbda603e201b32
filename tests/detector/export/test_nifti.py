from __future__ import annotations

import nibabel
import numpy as np
import pytest

from detector.data.images import read_image
from detector.export.nifti import write_nifti
from detector.geometry import VolumeGeometry
from detector.volume import Volume


def test_an_independent_reader_finds_every_voxel_where_it_was(tmp_path):
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    volume = Volume(array, VolumeGeometry((2, 3, 4), (0.7, 0.8, 5.0), (-10.5, 20.25, -300.0)))
    path = tmp_path / "images" / "a" / "arterial.nii.gz"
    write_nifti(volume, path)
    read = nibabel.load(path)
    x, y, z = volume.geometry.point_from_index((1, 2, 3))
    assert read.affine @ [3, 2, 1, 1] == pytest.approx([-x, -y, z, 1])  # NIfTI points are RAS
    assert np.array_equal(np.asarray(read.dataobj).transpose(2, 1, 0), array)
    assert np.array_equal(read_image(path).array_zyx, array)
