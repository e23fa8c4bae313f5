"""Forecasts as pure functions: numpy arrays in, frozen dataclasses out. Free of Django; statsforecast is imported late.

Order of the modules: accuracy, seasonality, shape, methods, backtest, ranges, engine, reconcile.
"""
