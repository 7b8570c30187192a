"""Run the ffmpeg program, for files that the library itself does not write."""

from __future__ import annotations

import subprocess

import imageio_ffmpeg


def run_ffmpeg(*arguments: object) -> None:
    """Run ffmpeg with these arguments and raise ``CalledProcessError`` if it fails."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", *map(str, arguments)]
    subprocess.run(command, capture_output=True, check=True)
