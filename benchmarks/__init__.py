"""Benchmarks: each module prints ratios of two times measured in one run."""
