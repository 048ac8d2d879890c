"""Images: decoding photos into cached arrays, augmentation, and batches on the device."""
