"""krapte_sd: an open system-dynamics model of the Dutch labour shortage."""
