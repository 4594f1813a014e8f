"""Tables and pictures of the documentation, computed from the model: ``python -m tools.docs STEP``."""
