"""QStash's REST API and the stand-in's own controls, one module per resource."""
