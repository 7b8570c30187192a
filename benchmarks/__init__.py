"""Benchmarks of speed, memory and accuracy of all methods, such as ``python -m benchmarks speed``."""
