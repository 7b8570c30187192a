"""Quality of a clip before measurement, and of a clip after magnification."""
