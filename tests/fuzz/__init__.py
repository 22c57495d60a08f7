"""Any bytes into the broker: what must hold whatever they are, for hypothesis and for a fuzzer.

``python -m tests.fuzz TARGET`` runs a coverage-guided fuzzer (atheris) on one of ``targets``.
"""
