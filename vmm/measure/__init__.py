"""Motion measured.

| function | what it measures |
| --- | --- |
| ``displacement``, ``Displacement`` | displacement of regions over time, with its standard error |
| ``grid`` | regions side by side |
| ``field``, ``Field`` | displacement of every pixel over time |
| ``modes``, ``Modes`` | operating deflection shapes of every pixel or of regions |
| ``blind_modes`` | modes from the displacement of regions alone |
| ``mac`` | how alike shapes are |
| ``bound``, ``bound_of_line`` | the least error that noise allows, of a displacement and of a line |
| ``spectrum``, ``Spectrum`` | spectra of displacement and other signals, by Welch's method |
| ``peaks``, ``Peak`` | lines of signals: frequency and amplitude, each with its standard error |
| ``phasors`` | amplitude and phase of signals at frequencies that are known |
| ``orbit``, ``Orbit`` | the ellipse that a point runs through at one frequency |
| ``velocity``, ``acceleration`` | of displacement, by differentiation |
| ``integrate`` | displacement from an accelerometer |
| ``compare``, ``Comparison`` | a measured signal beside that of a sensor |
| ``sound``, ``Sound`` | sound from the vibrations that it causes, also by the rows of a rolling shutter |
| ``pulse``, ``breathing``, ``Rate`` | pulse from the colour of skin, breath from motion |
| ``faults``, ``Faults`` | what is wrong with a clip: repeated and missing frames, saturated pixels |
| ``too_short``, ``check_codec`` | whether a clip holds enough of a band, what its codec does to small motion |
| ``artefacts`` | what magnification did beside motion: overshoot, sharpness, ghosts, error where nothing moves |
| ``save``, ``load`` | results in files |
| ``suggest``, ``Suggestion`` | the strongest lines of motion and colour in a clip, and the band for each |
"""

from vmm.measure import artefacts
from vmm.measure.blind import blind_modes
from vmm.measure.bound import bound, bound_of_line
from vmm.measure.displacement import Displacement, displacement
from vmm.measure.faults import Faults, check_codec, faults, too_short
from vmm.measure.field import Field, field
from vmm.measure.kinematics import acceleration, integrate, velocity
from vmm.measure.modes import Modes, mac, modes
from vmm.measure.orbit import Orbit, orbit
from vmm.measure.peaks import Peak, peaks
from vmm.measure.phasors import phasors
from vmm.measure.pulse import breathing, pulse
from vmm.measure.rates import Rate
from vmm.measure.results import load, save
from vmm.measure.rois import grid
from vmm.measure.sensor import Comparison, compare
from vmm.measure.sound import Sound, sound
from vmm.measure.spectrum import Spectrum, spectrum
from vmm.measure.suggest import Suggestion, suggest

__all__ = [
    "Comparison",
    "Displacement",
    "Faults",
    "Field",
    "Modes",
    "Orbit",
    "Peak",
    "Rate",
    "Sound",
    "Spectrum",
    "Suggestion",
    "acceleration",
    "artefacts",
    "blind_modes",
    "bound",
    "bound_of_line",
    "breathing",
    "check_codec",
    "compare",
    "displacement",
    "faults",
    "field",
    "grid",
    "integrate",
    "load",
    "mac",
    "modes",
    "orbit",
    "peaks",
    "phasors",
    "pulse",
    "save",
    "sound",
    "spectrum",
    "suggest",
    "too_short",
    "velocity",
]
