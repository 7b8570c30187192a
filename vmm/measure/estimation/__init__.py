"""Displacement from video: of regions and of every pixel, each value with its standard error."""
