"""Calibration: the largest error ÷ bound of every layer on every engine, on many kinds of inputs and weights."""
