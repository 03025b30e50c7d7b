"""Who is told of alerts: the choices below ``alerts`` of a profile as Alertmanager's configuration (docs/alerts.md)."""
