"""Signals over time: spectra, peaks, phasors, orbits, derivatives and comparison with a sensor."""
