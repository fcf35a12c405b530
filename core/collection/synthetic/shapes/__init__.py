"""Surfaces that synthetic taxa are made of: coils, shells, valves, sculpture."""
