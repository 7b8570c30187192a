"""Fail if pyright knows the types of fewer public names of ``vmm`` than the percentage that is given."""

import json
import os
import subprocess
import sys

command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--verifytypes", "vmm", "--ignoreexternal"]
environment = {**os.environ, "PYTHONPATH": os.getcwd()}  # pyright does not follow the hooks of an editable install
run = subprocess.run([*command, "--outputjson"], capture_output=True, text=True, env=environment)
try:
    report = json.loads(run.stdout)["typeCompleteness"]
except (ValueError, KeyError):
    sys.exit(run.stdout + run.stderr)
score = 100 * report["completenessScore"]
for symbol in report["symbols"]:
    if symbol["isExported"] and not symbol["isTypeKnown"]:
        messages = "; ".join(item["message"].splitlines()[0] for item in symbol["diagnostics"])
        print(f"{symbol['name']}: {messages}")
print(f"The types of {score:.1f} % of the public names are known; at least {sys.argv[1]} % are required.")
sys.exit(score < float(sys.argv[1]))
