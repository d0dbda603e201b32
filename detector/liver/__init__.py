"""A 3D U-Net that finds the liver on one phase of a CT, whichever phase that is."""
