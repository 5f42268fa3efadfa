from usage.admin import account, record

__all__ = ["account", "record"]
