"""``python -m vmm``."""

from vmm_main import main

raise SystemExit(main())
