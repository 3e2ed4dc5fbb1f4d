"""What every process needs before it does anything: settings, logs, metrics, the Temporal client."""
