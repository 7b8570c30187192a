"""Fail if pyright knows the types of fewer public names of ``vmm`` than the percentage that is given.

``vmm.train`` is left out, because its types are those of PyTorch, which this environment does not have.
"""

import json
import os
import subprocess
import sys

command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--verifytypes", "vmm", "--ignoreexternal"]
path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # --verifytypes asks the first `python`
# The hooks of an editable install are not followed, hence PYTHONPATH.
environment = {**os.environ, "PATH": path, "PYTHONPATH": os.getcwd()}
run = subprocess.run([*command, "--outputjson"], capture_output=True, text=True, env=environment)
try:
    symbols = json.loads(run.stdout)["typeCompleteness"]["symbols"]
except (ValueError, KeyError):
    sys.exit(run.stdout + run.stderr)
public = [symbol for symbol in symbols if symbol["isExported"] and not symbol["name"].startswith("vmm.train.")]
unknown = [symbol for symbol in public if not symbol["isTypeKnown"]]
for symbol in unknown:
    messages = "; ".join(item["message"].splitlines()[0] for item in symbol["diagnostics"])
    print(f"{symbol['name']}: {messages}")
score = 100 * (1 - len(unknown) / len(public))
print(f"The types of {score:.1f} % of the {len(public)} public names are known; {sys.argv[1]} % are required.")
sys.exit(score < float(sys.argv[1]))
