"""Formats that ffmpeg may read: those that hold a video themselves, and playlists if they are asked for."""

from __future__ import annotations

import re
from pathlib import Path

from vmm.io.limits import MAX_PIXELS
from vmm.io.process import last_line

_VIDEOS = (
    "3dostr 4xm amv anm apng apv argo_brp asf asf_o av1 avi avs avs2 avs3 bethsoftvid bfi bink bitpacked c93 cavsvideo "
    "cdg cdxl cine dhav dirac dnxhd dsicin dv dxa ea evc fits film_cpk filmstrip flic flv gdv gif gxf h261 h263 h264 "
    "hevc hnm hxvs idcin iff ifv ipmovie iv8 ivf ivr jv kux lcevc live_flv lmlm4 lvf lxf m4v matroska mgsts mjpeg "
    "mjpeg_2000 mm moflex mov mpeg mpegts mpegtsraw mpegvideo msnwctcp mtv mv mvi mxf mxg nc nsv nut nuv obu ogg paf "
    "pdv pmp pva r3d rawvideo rl2 rm roq rpl sdr2 ser sga siff simbiosis_imx smk smush swf thp tiertexseq tmv txd ty "
    "v210 v210x vc1 vc1test vid vivo vividas vmd vvc wc3movie webm webp_anim wsvqa wtv xmv yop yuv4mpegpipe jpegxl_anim"
)
"""Formats that hold a video in one file. Formats that name other files, text and devices are absent, as is any format
of a later ffmpeg until it is listed here."""

_IMAGES = (
    "image2 alias_pix bmp_pipe brender_pix cri_pipe dds_pipe dpx_pipe exr_pipe gem_pipe gif_pipe hdr_pipe ico j2k_pipe "
    "jpeg_pipe jpegls_pipe jpegxl_pipe jpegxs_pipe mpjpeg pam_pipe pbm_pipe pcx_pipe pfm_pipe pgm_pipe pgmyuv_pipe "
    "pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe ppm_pipe psd_pipe qdraw_pipe qoi_pipe sgi_pipe sunrast_pipe "
    "tiff_pipe vbn_pipe webp_pipe xbm_pipe xpm_pipe xwd_pipe"
)
"""Formats of single images."""

PLAYLISTS = ("hls", "dash", "concat", "imf")
"""Formats that name the files that hold the video, which are read only if the caller asks for it."""

_PATTERN_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".webp", ".jp2", ".j2k", ".exr", ".dpx", ".tga", ".ppm", ".pgm", ".pbm"),
    *(".pnm", ".pam", ".pfm", ".jxl", ".qoi", ".hdr", ".sgi", ".pcx", ".dds", ".xwd", ".psd", ".jls"),
)
"""Extensions of images, for which ffmpeg takes a percent sign in the path for the pattern of a number."""


def input_options(path: Path, *, playlists: bool = False) -> list[str]:
    """Options of ffmpeg that open a local file, which refers to other local files only if `playlists` allows it."""
    names = [*_VIDEOS.split(), *_IMAGES.split(), *(PLAYLISTS if playlists else ())]
    options = ["-format_whitelist", ",".join(names), "-protocol_whitelist", "file", "-max_pixels", str(MAX_PIXELS)]
    if "%" in str(path) and path.suffix.lower() in _PATTERN_SUFFIXES:
        options += ["-f", "image2", "-pattern_type", "none"]
    elif "%" in str(path) and path.suffix.lower() == ".gif":
        options += ["-f", "gif"]
    return [*options, "-i", f"file:{path}"]


def reason_of_failure(messages: str) -> str:
    """Why ffmpeg finds no video in a file, by its messages."""
    if "Format not on whitelist" in messages:
        return (
            "its format holds no video in one file; playlists and manifests, which name other files, are read with "
            "playlists=True (--playlists)"
        )
    if size := re.search(r"Picture size (\d+)x(\d+) is invalid", messages):
        return f"frames of {size[1]} x {size[2]} pixels are larger than {MAX_PIXELS // 10**6} million pixels"
    texts = re.findall(r"^\[[^\]]*\] (?:\[[^\]]*\] )*(?!.*misdetection)(.+)", messages, re.MULTILINE)
    return next(iter(texts), "") or last_line(messages) or "ffmpeg gives no reason"
