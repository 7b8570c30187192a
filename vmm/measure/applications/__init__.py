"""Pulse, breathing and sound."""
