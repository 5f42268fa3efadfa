from usage.admin import account, limit, record

__all__ = ["account", "limit", "record"]
