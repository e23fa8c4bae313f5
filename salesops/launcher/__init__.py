"""Starts what the product needs on one machine, and ends it: embedded servers, web, worker, beat.

`python -m salesops.launcher run | exec | test`, see `docs/operations/running.md`. No module here imports Django.
"""
