"""People, their teams and the keys they make, and the rows that are there once."""

from accounts.models.api_key import ApiKey, ApiKeyPepper, Endpoint
from accounts.models.house import FirstAdministrator, RightsVersion
from accounts.models.team import Team
from accounts.models.user import User, UserManager, UserQuerySet

__all__ = [
    "ApiKey",
    "ApiKeyPepper",
    "Endpoint",
    "FirstAdministrator",
    "RightsVersion",
    "Team",
    "User",
    "UserManager",
    "UserQuerySet",
]
