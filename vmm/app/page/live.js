// The live step: a camera, magnified while it runs, with the motion of a region, and recordings.

import { call } from "./api.js";
import { $, element, guarded, showError } from "./dom.js";
import { accept, emit, on } from "./state.js";
import { drawLive } from "./plots.js";

const canvas = $("live");
/** @type {AbortController|null} */
let running = null;
/** @type {ImageBitmap|null} */
let picture = null;
/** @type {any} */
let status = { running: false, size: [0, 0], files: [] };
/** @type {number[]|null} */
let region = null;
/** @type {number[]|null} */
let drag = null;
let isMeasuring = false;

/** The settings on the page. */
function settings() {
  const band = [+$("live-low").value, +$("live-high").value];
  return { method: $("live-method").value, alpha: +$("live-alpha").value, band: band[0] > 0 && band[1] > band[0] ? band : null };
}

/** Take the pictures from the answer of the server: lengths of the state and of the picture, and both of them. */
async function follow() {
  running?.abort();
  const control = (running = new AbortController());
  try {
    const response = await fetch("api/live-pictures", { signal: control.signal });
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    let bytes = new Uint8Array(0);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const longer = new Uint8Array(bytes.length + value.length);
      longer.set(bytes);
      longer.set(value, bytes.length);
      bytes = await taken(longer);
    }
  } finally {
    if (running === control) {
      running = null;
      await refresh();
    }
  }
}

/** Show the complete pictures at the start of the bytes, and return the rest. @param {Uint8Array<ArrayBuffer>} bytes */
async function taken(bytes) {
  while (bytes.length >= 8) {
    const lengths = new DataView(bytes.buffer, bytes.byteOffset), [text, image] = [lengths.getUint32(0), lengths.getUint32(4)];
    if (bytes.length < 8 + text + image) break;
    show(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + text))));
    const file = bytes.slice(8 + text, 8 + text + image);
    bytes = bytes.slice(8 + text + image);
    if (!file.length) continue;
    const next = await createImageBitmap(new Blob([file], { type: "image/jpeg" }));
    picture?.close();
    picture = next;
    requestAnimationFrame(draw);
  }
  return bytes;
}

/** Show the state of the camera. @param {any} described */
function show(described) {
  const files = described.files.length !== status.files.length || !$("live-files").children.length;
  if (described.error && described.error !== status.error) showError(described.error);
  status = described;
  $("live-text").textContent = described.running ? described.text || "Preparing" : described.source ? "Stopped." : "";
  $("live-start").hidden = described.running;
  $("live-stop").hidden = !described.running;
  $("live-record").disabled = !described.running;
  $("live-record").textContent = described.recording ? "■ End recording" : "● Record";
  $("live-record").setAttribute("aria-pressed", String(described.recording));
  if (files) listFiles();
}

function listFiles() {
  const rows = status.files.map(({ name, file, text }, number) => {
    const line = element("li", {}, element("span", { className: "job", textContent: `${name}, ${text}` }));
    const open = guarded(async () => { accept(await call("live", { action: "open", number })); emit("tab", "find"); });
    line.append(element("button", { textContent: "Open", title: "Open it as a clip, to measure and magnify it", onclick: open }));
    line.append(element("a", { href: file, download: name, textContent: "Save", title: `Save ${name}` }));
    return line;
  });
  $("live-files").replaceChildren(...(rows.length ? rows : [element("li", { className: "muted", textContent: "Nothing was recorded yet." })]));
}

const refresh = guarded(async () => { show(await call("live", { action: "state" })); });

/** Place of the two pictures on the canvas: original and magnified, side by side or one above the other. */
function places() {
  const [h, w] = status.size, { width: W, height: H } = canvas;
  const wide = Math.min(W / (2 * w), H / h), tall = Math.min(W / w, H / (2 * h)), isStacked = tall > wide, size = Math.max(wide, tall);
  const x = (W - (isStacked ? 1 : 2) * w * size) / 2, y = (H - (isStacked ? 2 : 1) * h * size) / 2;
  return { size, w, h, original: [x, y], magnified: isStacked ? [x, y + h * size] : [x + w * size, y] };
}

function draw() {
  if (canvas.hidden || !canvas.clientWidth) return;
  const ratio = Math.min(2, devicePixelRatio), [W, H] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== W || canvas.height !== H) Object.assign(canvas, { width: W, height: H });
  const context = canvas.getContext("2d");
  context.fillStyle = "#0b0f13";
  context.fillRect(0, 0, W, H);
  if (!picture || !status.size[0]) return;
  const { size: scale, w, h, original, magnified } = places();
  [original, magnified].forEach(([x, y], index) => {
    context.drawImage(picture, index * w, 0, w, h, x, y, w * scale, h * scale);
    if (region) {
      context.strokeStyle = "#ff5d5d";
      context.lineWidth = 2 * ratio;
      context.strokeRect(x + region[1] * scale, y + region[0] * scale, region[3] * scale, region[2] * scale);
    }
    const size = 0.9 * ratio * parseFloat(getComputedStyle(document.body).fontSize);
    context.font = `${size}px system-ui, sans-serif`;
    context.fillStyle = "#fff";
    context.fillText(index ? "magnified" : "original", x + 0.7 * size, y + 1.5 * size);
  });
}

/** Row and column of the frame under the mouse, in either picture. */
function point(event) {
  const box = canvas.getBoundingClientRect(), { size, w, h, original, magnified } = places();
  const [px, py] = [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  const inMagnified = px >= magnified[0] && py >= magnified[1], [x, y] = inMagnified ? magnified : original;
  return [Math.min(h, Math.max(0, (py - y) / size)), Math.min(w, Math.max(0, (px - x) / size))];
}

/** Choose a region of at least 8 pixels inside the frame. @param {number[]} box */
function choose([top, left, height, width]) {
  const [h, w] = status.size, [rows, columns] = [Math.min(h, Math.max(8, Math.round(height))), Math.min(w, Math.max(8, Math.round(width)))];
  region = [Math.min(h - rows, Math.max(0, Math.round(top))), Math.min(w - columns, Math.max(0, Math.round(left))), rows, columns];
  requestAnimationFrame(draw);
}

function moved(event) {
  if (!drag) return;
  const [row, col] = point(event);
  choose([Math.min(drag[0], row), Math.min(drag[1], col), Math.abs(row - drag[0]), Math.abs(col - drag[1])]);
}

function keyed(event) {
  const step = { ArrowUp: [-2, 0], ArrowDown: [2, 0], ArrowLeft: [0, -2], ArrowRight: [0, 2] }[event.key], [h, w] = status.size;
  if (!step || !h) return;
  event.preventDefault();
  event.stopPropagation();
  const [top, left, height, width] = region ?? [h / 3, w / 3, h / 3, w / 3];
  choose(event.shiftKey ? [top, left, height + step[0], width + step[1]] : [top + step[0], left + step[1], height, width]);
}

/** Measure the region again and again, as long as the camera runs. */
async function measure() {
  if (!isMeasuring && region && status.running && !canvas.hidden) {
    isMeasuring = true;
    try {
      const result = await call("live-measure", { region: { box: region } });
      $("live-note").textContent = result.message ? `This region: ${result.message}` : "";
      if (result.is_known) drawLive(result);
    } catch (error) { $("live-note").textContent = error instanceof Error ? error.message : ""; } finally { isMeasuring = false; }
  }
}

const begin = guarded(async () => {
  showError("");
  $("live-text").textContent = "Opening the camera";
  region = null;
  try {
    show(await call("live", { action: "start", source: $("live-source").value, network: $("live-network").checked, settings: settings() }));
  } catch (error) { $("live-text").textContent = ""; throw error; }
  await follow();
});

/** Show the camera in place of the clip, or the clip. @param {string} tab */
function enter(tab) {
  const isLive = tab === "live";
  document.body.classList.toggle("is-live", isLive);
  canvas.hidden = !isLive;
  if (isLive) {
    draw();
    refresh().then(() => { if (status.running && !running) guarded(follow)(); });
  } else emit("regions");
}

/** Connect the controls. @param {any} described the state of the camera */
export function start(described) {
  on("shown", enter);
  on("layout", draw);
  new ResizeObserver(() => requestAnimationFrame(draw)).observe($("stage"));
  $("live-method").replaceChildren(...described.methods.map((name) => element("option", { value: name, textContent: name })));
  if (described.source) $("live-source").value = described.source;
  $("live-start").onclick = begin;
  $("live-stop").onclick = guarded(async () => { show(await call("live", { action: "stop" })); });
  $("live-record").onclick = guarded(async () => { show(await call("live", { action: "record", on: !status.recording })); });
  const changed = guarded(async () => { if (status.running) await call("live", { action: "settings", settings: settings() }); });
  on("live-band", ([low, high]) => {
    [$("live-low").value, $("live-high").value] = [Math.max(low, 1e-3), high].map((edge) => String(+edge.toPrecision(4)));
    changed();
  });
  for (const id of ["live-method", "live-low", "live-high", "live-alpha"]) $(id).onchange = changed;
  canvas.addEventListener("pointerdown", (event) => { if (!status.size[0]) return; canvas.setPointerCapture(event.pointerId); drag = point(event); });
  canvas.addEventListener("pointermove", moved);
  canvas.addEventListener("pointerup", (event) => { moved(event); drag = null; });
  canvas.addEventListener("keydown", keyed);
  setInterval(measure, 500);
}
