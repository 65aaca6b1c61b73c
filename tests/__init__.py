"""Proves this repository; mirrors its rooms."""
