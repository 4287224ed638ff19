"""Figures as text, tables, plots and pages."""
