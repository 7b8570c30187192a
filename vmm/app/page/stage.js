// The picture: its size, playback, steps by frames, the part in use, and zoom.

import { call } from "./api.js";
import { $, guarded, short } from "./dom.js";
import { accept, emit, on, rate, state } from "./state.js";

const video = $("video");
let frame = 0;
let zoom = 1;
let wanted = -1;

/** The number of the frame that is shown. */
export const current = () => frame;

/** Height and width at which the server makes the video, of which the last row or column may be padding. */
function videoSize() {
  const { width, height } = state.clip;
  const factor = Math.max(1, width / 1280);
  const [w, h] = [Math.max(1, Math.round(width / factor)), Math.max(1, Math.round(height / factor))];
  return { w, h, padded: [w + (w % 2), h + (h % 2)] };
}

/** Give the picture the largest size that fits, times the zoom. */
export function layout() {
  if (!state.clip) return;
  const stage = $("stage"), { width, height } = state.clip;
  const fit = Math.min((stage.clientWidth - 2) / width, (stage.clientHeight - 2) / height);
  const scale = fit * zoom, { w, h, padded } = videoSize();
  Object.assign($("frame").style, { width: `${width * scale}px`, height: `${height * scale}px` });
  Object.assign(video.style, { width: `${(width * scale * padded[0]) / w}px`, height: `${(height * scale * padded[1]) / h}px` });
  emit("layout", scale);
}

/** Zoom by a factor, or fit if it is 0. @param {number} factor */
export function zoomBy(factor) {
  zoom = factor ? Math.min(16, Math.max(0.25, zoom * factor)) : 1;
  layout();
}

/** Show a frame. The middle of its time is the only place at which all browsers show this frame. @param {number} number */
export function seek(number) {
  if (!state.clip) return;
  frame = Math.min(state.clip.count - 1, Math.max(0, Math.round(number)));
  showPosition();
  if (video.seeking) wanted = frame;
  else video.currentTime = (frame + 0.5) / rate();
}

function showPosition() {
  const { count, fs } = state.clip;
  $("scrub").value = frame;
  $("position").textContent = `frame ${frame} of ${count}, ${(frame / fs).toFixed(fs > 1000 ? 5 : 3)} s`;
}

/** Play or pause. */
export function toggle() {
  if (!state.clip?.proxy) return;
  if (video.paused) {
    if (frame >= state.clip.stop - 1 || frame < state.clip.first) seek(state.clip.first);
    video.play();
  } else video.pause();
}

function shown(_now, data) {
  const number = Math.round(data.mediaTime * rate());
  if (state.clip && !video.seeking) {
    frame = number;
    showPosition();
    if (!video.paused && number >= state.clip.stop - 1) seek(state.clip.first);
  }
  video.requestVideoFrameCallback(shown);
}

/** Use a part of the clip. @param {number} first @param {number} stop */
const choosePart = guarded(async (first, stop) => {
  if (state.clip) accept(await call("part", { first, stop }));
});

/** Begin or end the part at the frame that is shown. */
export const setFirst = () => state.clip && choosePart(frame, Math.max(frame + 1, state.clip.stop));
export const setStop = () => state.clip && choosePart(Math.min(frame, state.clip.first), frame + 1);

function showClip({ isNew }) {
  const clip = state.clip;
  $("welcome").hidden = Boolean(clip);
  $("frame").hidden = !clip;
  for (const id of ["play", "back", "forward", "scrub", "set-first", "set-stop", "whole"]) $(id).disabled = !clip;
  if (!clip) return;
  $("poster").src = clip.poster;
  if (clip.proxy && video.getAttribute("src") !== clip.proxy) {
    video.src = clip.proxy;
    video.onloadeddata = () => seek(frame);
  } else if (!clip.proxy) video.removeAttribute("src");
  $("scrub").max = clip.count - 1;
  if (isNew) { frame = clip.first; zoom = 1; }
  const part = $("part");
  part.style.setProperty("--from", `${(100 * clip.first) / clip.count}%`);
  part.style.setProperty("--to", `${100 - (100 * clip.stop) / clip.count}%`);
  part.title = `Part in use: frames ${clip.first} to ${clip.stop - 1}`;
  $("clip-name").textContent = clip.name;
  $("clip-name").title = clip.path;
  $("clip-facts").textContent = `${clip.width} × ${clip.height}, ${clip.count} frames at ${short(clip.fs, 6)} Hz, ${short(clip.count / clip.fs)} s`;
  document.title = `${clip.name} – vmm`;
  showPosition();
  layout();
}

/** Connect the picture with its controls. */
export function start() {
  on("clip", showClip);
  new ResizeObserver(layout).observe($("stage"));
  video.requestVideoFrameCallback(shown);
  video.onseeked = () => {
    const next = wanted;
    wanted = -1;
    if (next >= 0) video.currentTime = (next + 0.5) / rate();
  };
  video.onplay = video.onpause = () => {
    $("play").textContent = video.paused ? "▶" : "⏸";
    $("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
  };
  $("play").onclick = toggle;
  $("back").onclick = () => { video.pause(); seek(frame - 1); };
  $("forward").onclick = () => { video.pause(); seek(frame + 1); };
  $("scrub").oninput = () => { video.pause(); seek(+$("scrub").value); };
  $("set-first").onclick = setFirst;
  $("set-stop").onclick = setStop;
  $("whole").onclick = () => choosePart(0, state.clip.count);
  $("zoom-in").onclick = () => zoomBy(1.25);
  $("zoom-out").onclick = () => zoomBy(0.8);
  $("zoom-fit").onclick = () => zoomBy(0);
  $("stage").addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !state.clip) return;
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
}
