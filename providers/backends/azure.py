"""Azure OpenAI: the same API at `https://NAME.openai.azure.com/openai/v1`, its key in a header.

https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
"""

from providers.backends.openai import backend_for

__all__ = ["backend_for"]
