"""Builders of the parameter tables, run from the checkout as ``python -m tools.parameters STEP``.

The step ``carry`` reads raw source figures and writes them, with their citation, to tables of our own.
Every ``derive-...`` step reads those tables (and the model file) and writes model inputs. The same
input gives the same bytes.
"""
