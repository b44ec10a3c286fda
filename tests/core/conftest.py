"""How hard Hypothesis looks: a little by default; with HYPOTHESIS_PROFILE=thorough and --timeout=0 for half an hour."""

import os

from hypothesis import HealthCheck, settings

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("modest", max_examples=60, **_COMMON)
settings.register_profile("thorough", max_examples=2_000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "modest"))
