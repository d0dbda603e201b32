"""`python -m tests.bench.rivals`: detectors of the field on the same studies, with the same seconds to learn.

CenterNet-3D and CenterNet-2D of the project, MONAI's 3D RetinaNet and a U-Net whose components are boxes
learn from the same samples through the same views in the same loop; network, targets, loss and decoding are
each one's own. MONAI's RetinaNet needs torchvision, which the project does not: it lives beside the
environment, see tests/bench/packages.py.
"""
