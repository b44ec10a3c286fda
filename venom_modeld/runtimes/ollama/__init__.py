"""Ollama over its HTTP API."""
