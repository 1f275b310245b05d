"""What is measured beside the verdict: time and precision."""
