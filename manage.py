#!/usr/bin/env python
"""Django's command line for Causerie. `manage.py up` starts the whole house, `down` ends it."""

import os
import sys

from ops.errors import CannotStart


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:] in (["up"], ["down"]):
        from ops import up

        sys.exit(up.main(sys.argv[1]))

    from django.core.management import execute_from_command_line

    from ops.audit.acting import Acting, acts_by

    acts_by(Acting(command=" ".join(sys.argv[1:2])))
    try:
        execute_from_command_line(sys.argv)
    except CannotStart as error:
        sys.exit(f"Causerie cannot start. {error}")


if __name__ == "__main__":
    main()
