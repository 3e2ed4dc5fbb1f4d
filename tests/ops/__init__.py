"""Everturn, measured: rules, dashboards, and a shop in production whose every word is looked at."""
