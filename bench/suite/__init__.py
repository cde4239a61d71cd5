"""The parts of run.py: processes and what they cost, the servers, the load, the benches, the report."""
