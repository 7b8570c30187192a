"""``python -m vmm``."""

from vmm.cli import main

raise SystemExit(main())
