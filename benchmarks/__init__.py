"""Measurements: each module prints ratios of two things measured in one run."""
