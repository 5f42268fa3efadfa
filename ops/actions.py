"""What happens to the house itself."""

from django.db import transaction

from boundary.rotation import Batch
from ops.audit.acts import Act
from ops.audit.trail import record


@transaction.atomic
def record_reencryption(done: Batch) -> None:
    """Record what was re-encrypted, if anything was, in batches that were each a transaction."""
    if done.rotated or done.failures:
        record(Act.SECRETS_REENCRYPTED, count=done.rotated, unreadable=len(done.failures))
