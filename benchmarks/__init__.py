"""Speed and quality of every method: ``python -m benchmarks speed``."""
