"""Scenarios, policies and population variants: data that change inputs, never equations."""
