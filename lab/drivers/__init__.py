"""Drivers that run inside the lab, among the OpenStack services: compute (nspawn) and volumes (files)."""
