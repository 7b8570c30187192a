"""Detection of vibrations and color changes: where they are in the frame and at which frequency."""
