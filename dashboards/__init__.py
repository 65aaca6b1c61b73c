"""Dashboards and reports, one module per question asked."""
