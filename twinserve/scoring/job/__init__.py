"""Scoring on Cloud Run: a job whose tasks share the objects of a bucket."""
