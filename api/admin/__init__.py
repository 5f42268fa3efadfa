from api.admin import key

__all__ = ["key"]
