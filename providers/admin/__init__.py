from providers.admin import credential, provider, spec

__all__ = ["credential", "provider", "spec"]
