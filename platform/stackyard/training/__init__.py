"""Pipelines, runs, fold jobs, leases, the fleet of workers."""
