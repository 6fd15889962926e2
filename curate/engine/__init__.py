"""Runs a plan: the only package that imports datatrove."""
