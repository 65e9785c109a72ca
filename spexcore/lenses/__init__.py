"""Lenses: questions about a model, each a Game."""
