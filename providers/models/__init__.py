"""The model backends an installation knows: who serves them, with which keys, and what they cost.

Provider    a server that answers for models
Credential  one of a provider's keys
ModelSpec   one model at one provider: a deployment, which people may choose by its public name
Route       another deployment that answers in a model's name
"""

from providers.models.credential import Credential
from providers.models.provider import Provider
from providers.models.spec import Ability, ModelSpec, Route

__all__ = ["Ability", "Credential", "ModelSpec", "Provider", "Route"]
