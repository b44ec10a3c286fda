"""The runtimes: what each really has, and the effects on it. One folder a runtime."""
