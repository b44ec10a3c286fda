"""GitOps for language models on a plain host: `models.yaml` is the truth, the runtimes follow."""
