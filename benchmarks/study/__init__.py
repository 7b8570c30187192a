"""The comparative study: every method under the protocols of the papers, on one page.

``python -m benchmarks study --out study/ [--quick] [--only NAME ...]`` runs what is not done yet and writes the page.

| module | what it holds |
| --- | --- |
| ``run`` | the command: jobs in turn, each result kept at once |
| ``experiments`` | the experiments, in order |
| ``subpixel``, ``noise`` | two frames: ever smaller motion, ever stronger noise; ``pairs`` is what they share |
| ``circles`` | three circles that should move by 10 px, at the nominal factor and a tuned one |
| ``gain`` | achieved over nominal motion by factor and wavelength, with the papers' bounds |
| ``artefacts`` | ringing, ghosts, blur, and what stands still |
| ``reading`` | which method for which job, from the numbers |
| ``page``, ``figures`` | the page, its pictures and tables |
| ``entrants``, ``published`` | all that takes part |
| ``measured`` | how far things move in clips |
| ``parts``, ``settings``, ``kept`` | what experiments are made of, how much is done, and results in a file |
"""
