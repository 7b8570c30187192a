"""Magnify a clip that is larger than one machine: its Zarr store is read and written by the workers of dask.

On all cores of this machine, without a cluster:

    python magnify.py in.zarr out.zarr --band 2 4 --fs 30

On 20 jobs of a Slurm cluster (pip install dask-jobqueue), whose nodes share a file system:

    python magnify.py /data/in.zarr /data/out.zarr --band 2 4 --fs 30 --slurm 20

On workers that exist already, from an object store (pip install s3fs), as in kubernetes.yaml for Kubernetes:

    python magnify.py s3://bucket/in.zarr s3://bucket/out.zarr --band 2 4 --fs 30 --scheduler tcp://scheduler:8786

Each task holds a window of the clip, which is twice as long as the temporal filter, and the motion in all subbands:
give a worker 4 GB for frames of 1920 x 1080. Chunks of the store that hold 20 to 100 frames each suit most bands. The
result has the same bytes as that of one machine with the same number of threads for each worker, which VMM_THREADS
sets.
"""

import argparse
from contextlib import ExitStack

import dask.array as da

import vmm

THREADS = 2
"""Threads of a worker, each of which runs one task; vmm uses as many threads inside of it."""


def connect(stack: ExitStack, options: argparse.Namespace) -> None:
    """Use the workers that the options name; without them, dask uses the threads of this process."""
    if options.slurm:
        from dask_jobqueue import SLURMCluster

        cluster = stack.enter_context(
            SLURMCluster(
                cores=THREADS,
                processes=1,
                memory="8GB",
                walltime="02:00:00",
                job_script_prologue=[f"export VMM_THREADS={THREADS}"],
            )
        )
        cluster.scale(jobs=options.slurm)
        stack.enter_context(cluster.get_client())
    elif options.scheduler:
        from dask.distributed import Client

        stack.enter_context(Client(options.scheduler))


def main() -> None:
    """Magnify the clip of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", help="Zarr store of the clip: a folder, or an address such as s3://bucket/in.zarr.")
    parser.add_argument("output", help="Zarr store of the result, which must not exist.")
    parser.add_argument("--band", type=float, nargs=2, required=True, metavar=("LOW", "HIGH"), help="Band in Hz.")
    parser.add_argument("--fs", type=float, required=True, metavar="HZ", help="Camera rate in Hz.")
    parser.add_argument("--alpha", type=float, default=10, help="Amplification. Default: 10.")
    parser.add_argument("--slurm", type=int, metavar="JOBS", help="Number of jobs to start on a Slurm cluster.")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="Address of a scheduler of dask.distributed.")
    options = parser.parse_args()
    clip = da.from_zarr(options.input)
    magnified = vmm.phase.magnify(clip, tuple(options.band), fs=options.fs, alpha=options.alpha)
    with ExitStack() as stack:
        connect(stack, options)
        magnified.to_zarr(options.output)
    print(f"{len(magnified)} frames were magnified and written to {options.output}.")


if __name__ == "__main__":
    main()
