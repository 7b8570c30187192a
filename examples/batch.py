"""Many files with one command
===========================

``vmm batch`` runs one command for many files, several at a time, skips those that are done, and writes a table and a
page with pictures. The script makes two clips, runs the command and prints the table.
"""

import csv
import shutil

import vmm
from vmm.cli import main
from vmm.data import synthetic

for name, frequency in (("fan", 4.0), ("pump", 6.0)):
    frames = synthetic.render(synthetic.texture((64, 80)), synthetic.sway(90, 30, frequency, 0.1), noise=1.0)
    vmm.io.write(f"{name}.mkv", frames, 30, overwrite=True)

# In a shell: vmm batch *.mkv --out batch_results -- spectrum
main(["batch", "fan.mkv", "pump.mkv", "--out", "batch_results", "--", "spectrum"])
with open("batch_results/vmm_batch.csv", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        print({key: value for key, value in row.items() if value})
shutil.rmtree("batch_results")
vmm.plot.contact_sheet(frames, count=4, fs=30).savefig("batch.png")
