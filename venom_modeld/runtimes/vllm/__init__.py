"""vLLM: weights in the Hub cache, one model served by a server of its own, switched without a leap of faith."""
