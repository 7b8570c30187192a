"""Run the ffmpeg program, for files that the library itself does not write."""

from __future__ import annotations

import subprocess

import imageio_ffmpeg


def run_ffmpeg(*arguments: object, input: bytes | None = None) -> None:
    """Run ffmpeg with these arguments and input, and raise ``CalledProcessError`` if it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, input=input or b"", capture_output=True, check=True)
