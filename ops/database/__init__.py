"""Django's Postgres backend, whose pooled connections are looked at instead of asked."""
