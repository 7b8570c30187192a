"""Results in files: NPZ, CSV, WAV and UFF."""
