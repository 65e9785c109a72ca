"""Find which combinations of parts drive a model, and check them by re-ablation."""
