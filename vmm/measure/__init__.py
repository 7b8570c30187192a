"""Measurement of motion.

| function | result |
| --- | --- |
| ``displacement``, ``RegionSignal`` | displacement of regions over time, with its standard error |
| ``grid`` | regions on a regular grid |
| ``polygon`` | mask of the pixels inside a polygon |
| ``still_regions`` | regions at rest in the scene, which show the motion of the camera |
| ``pixel_size`` | size of a pixel, from a known length in the picture |
| ``field``, ``Field`` | displacement of every pixel over time |
| ``modes``, ``Modes`` | operating deflection shapes of every pixel or of regions |
| ``blind_modes`` | mode shapes from the displacement of regions, without given frequencies |
| ``mac`` | modal assurance criterion between shapes |
| ``displacement_crlb``, ``sine_crlb`` | Cramer-Rao bounds for displacement, and for a sine |
| ``spectrum``, ``Spectrum`` | amplitude spectrum or power spectral density by Welch's method |
| ``peaks``, ``Peak`` | peaks of a spectrum: frequency and amplitude, each with its standard error |
| ``phasors`` | amplitude and phase of signals at given frequencies |
| ``changes``, ``Change`` | lines that are new, gone, larger or smaller in a second recording |
| ``orbit``, ``Orbit`` | elliptic path of a point at one frequency |
| ``velocity``, ``acceleration`` | derivatives of displacement |
| ``integrate`` | displacement or velocity from the signal of an accelerometer |
| ``compare``, ``Comparison`` | comparison of a measured signal with the signal of a sensor |
| ``sound``, ``Sound`` | sound from the vibrations that it causes, also by the rows of a rolling shutter |
| ``pulse``, ``breathing``, ``Rate`` | pulse rate from the color of skin, and breathing rate from motion |
| ``suggest``, ``Suggestion`` | the strongest vibrations and color changes in a clip, with a band for each |
| ``faults``, ``Faults`` | duplicate and dropped frames, and saturated pixels |
| ``min_frames``, ``check_codec`` | number of frames that a band needs, and a warning about lossy codecs |
| ``structural_similarity``, ``sharpness``, ``overshoot``, ``ghosting``, ``static_error`` | artifacts of magnification |
| ``save``, ``load`` | results in files |
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
