from accounts.admin import team, user

__all__ = ["team", "user"]
