"""Collect the files that an example of the gallery writes, and show them on its page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import vmm

EXAMPLES = Path(__file__).parents[2] / "examples"

_BEFORE = {path.name for path in EXAMPLES.iterdir()}

_THUMBNAIL_WIDTH = 320
_THUMBNAIL_FRAMES = 45
"""Frames of a moving thumbnail: one and a half seconds at 30 frames/s."""

_VIDEO = """.. raw:: html

   <video class="example" autoplay loop muted playsinline controls src="../_images/{name}"></video>

"""
_SOUND = """.. raw:: html

   <audio controls src="../_images/{name}"></audio>

"""


class Order:
    """Order of the examples: that in which the README of the folder lists them."""

    def __init__(self, _: str) -> None:
        self._names = re.findall(r"`(\w+\.py)`", (EXAMPLES / "README.md").read_text(encoding="utf-8"))

    def __call__(self, name: str) -> int:
        """Return the position of a script in the README."""
        return self._names.index(name)


def scraper(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Move the files that a block of an example wrote, and return the text that shows them."""
    text, paths = "", sorted(path for path in EXAMPLES.iterdir() if path.name not in _BEFORE and path.is_file())
    paths.sort(key=lambda path: path.suffix not in (".mp4", ".gif"))  # The first file makes the thumbnail.
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in (".png", ".gif", ".mp4"):
            target = Path(next(block_vars["image_path_iterator"])).with_suffix(suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            if suffix == ".mp4":
                _thumbnail(path, target.with_suffix(".webp"))
            shutil.move(path, target)
            text += _shown(target, gallery_conf)
        elif suffix == ".wav":
            target = Path(block_vars["image_path_iterator"].image_path.format(0)).with_suffix(".wav")
            shutil.move(path, target)
            text += _SOUND.format(name=target.name)
        elif suffix != ".pyc":
            path.unlink()
    return text


def _shown(path: Path, gallery_conf: dict[str, Any]) -> str:
    if path.suffix == ".mp4":
        return _VIDEO.format(name=path.name)
    relative = path.relative_to(gallery_conf["src_dir"]).as_posix()
    return f".. image:: /{relative}\n   :class: sphx-glr-single-img\n   :alt: result of the example\n\n"


def _thumbnail(video: Path, out: Path) -> None:
    """Write the first frames of a video as a small animated picture."""
    frames, fs = vmm.io.read(video)
    frames = frames if frames.ndim == 4 else np.repeat(frames[..., None], 3, axis=-1)
    height, width = frames.shape[1:3]
    size = (_THUMBNAIL_WIDTH, round(_THUMBNAIL_WIDTH * height / width))
    images = [Image.fromarray(frame).resize(size) for frame in frames[:_THUMBNAIL_FRAMES]]
    duration = round(1000 / min(fs, 30))
    images[0].save(out, save_all=True, append_images=images[1:], duration=duration, loop=0, quality=50, method=4)


def _move_thumbnails(app: Any) -> None:
    """Replace thumbnails that Sphinx-Gallery made of the first frame of a moving picture by the moving picture."""
    folder = Path(app.srcdir) / "gallery" / "images"
    for path in folder.glob("sphx_glr_*_001.webp"):
        shutil.copy(path, folder / "thumb" / path.name.replace("_001.webp", "_thumb.webp"))


def _publish(app: Any, exception: Exception | None) -> None:
    """Copy videos and sounds to the built site, which Sphinx does for pictures only."""
    if exception is None and app.builder.name == "html":
        folder = Path(app.outdir) / "_images"
        folder.mkdir(exist_ok=True)
        for path in (Path(app.srcdir) / "gallery" / "images").glob("*.*"):
            if path.suffix in (".mp4", ".wav"):
                shutil.copy(path, folder / path.name)


def setup(app: Any) -> dict[str, Any]:
    """Connect the functions after those of Sphinx-Gallery."""
    app.connect("builder-inited", _move_thumbnails, priority=900)
    app.connect("build-finished", _publish, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
