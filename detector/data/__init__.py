"""Case lists, patches, augmentation and targets."""
