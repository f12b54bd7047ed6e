"""Side by side with a stock Rasa 3.6.21; see docs/benchmarks.md."""
