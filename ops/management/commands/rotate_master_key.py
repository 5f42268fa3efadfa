from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from boundary.rotation import Batch, places
from ops.actions import record_reencryption


class Command(BaseCommand):
    help = (
        "Re-encrypts every stored secret with the current master key. First make the old key "
        "the first of CAUSERIE_MASTER_KEY_FALLBACKS and set a new CAUSERIE_MASTER_KEY. Can be "
        "interrupted and started again at any time; remove the old key once it says all is done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch-size", type=int, default=500, help="Rows per transaction.")

    def handle(self, *args: Any, batch_size: int, **options: Any) -> None:
        if batch_size < 1:
            raise CommandError("--batch-size must be at least 1.")
        done = Batch()
        try:
            for place in places():
                self._rotate(place.name, place.rotate(batch_size), done)
        finally:  # what was done is done, even if the rest is interrupted
            record_reencryption(done)
        if done.failures:
            for failure in done.failures:
                self.stderr.write(failure)
            sentence = f"{len(done.failures)} values could not be read and were left as is."
            raise CommandError(sentence)
        self.stdout.write("Every secret is encrypted with the current master key.")

    def _rotate(self, name: str, batches: Iterator[Batch], done: Batch) -> None:
        rotated = 0
        for batch in batches:
            rotated += batch.rotated
            done.rotated += batch.rotated
            done.failures += batch.failures
            if rotated // 10_000 > (rotated - batch.rotated) // 10_000:
                self.stdout.write(f"{name}: {rotated} so far")
        self.stdout.write(f"{name}: {rotated} re-encrypted")
