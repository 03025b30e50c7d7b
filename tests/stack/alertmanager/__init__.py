"""Who is told of alerts: choices, configuration, and deliveries by a real Alertmanager."""
