"""The loops: observe, plan, run, verify; again."""
