// Magnification: the settings, the preview, and the views that compare original and magnified frames.

import { call } from "./api.js";
import { $, debounced, element, fill, guarded, short, showError } from "./dom.js";
import { chosen } from "./regions.js";
import { current } from "./stage.js";
import { change, emit, on, state } from "./state.js";

const NUMBERS = ["sigma", "limit", "direction"];
const both = element("video", { muted: true, loop: true, playsInline: true });
const canvas = $("compare");
let view = "original";
let split = 0.5;
/** @type {any} */
const media = { both: "", shape: "" };
let isShape = false;
/** @type {AbortController|null} */
let running = null;

/** Show the original, or compare. @param {string} name */
export function chooseView(name) {
  view = name;
  for (const button of document.querySelectorAll("[data-view]")) {
    const value = /** @type {HTMLElement} */ (button).dataset.view;
    button.setAttribute("aria-checked", String(value === name));
    /** @type {any} */ (button).disabled = value === "shape" ? !media.shape : value !== "original" && !media.both;
  }
  canvas.hidden = name === "original";
  $("overlay").style.visibility = name === "side" || name === "shape" ? "hidden" : "";
  $("overlay").style.pointerEvents = name === "original" ? "" : "none";
  canvas.style.pointerEvents = name === "slider" ? "auto" : "none";
  canvas.style.cursor = name === "slider" ? "ew-resize" : "";
  place();
  const source = name === "shape" ? media.shape : media.both;
  if (name === "original") { both.pause(); return; }
  $("video").pause();
  isShape = name === "shape";
  if (both.getAttribute("src") !== source) both.src = source;
  both.play().catch(() => {});
}

/** Put the comparison over the picture, or side by side over the whole stage. */
function place() {
  const frame = $("frame"), stage = $("stage");
  const [left, top, width, height] = view === "side" ? [0, 0, stage.clientWidth, stage.clientHeight] : [frame.offsetLeft, frame.offsetTop, frame.offsetWidth, frame.offsetHeight];
  Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

/** Show a video that holds original and result next to one another. A view that was chosen since it was asked for stays.
 * @param {string} source @param {string} [before] the view at that time */
export function compare(source, before = view) {
  media.both = source;
  chooseView(view !== before || view === "side" ? view : "slider");
}

function paint() {
  if (view !== "original" && both.videoWidth) {
    const w = isShape ? both.videoWidth : both.videoWidth / 2, h = both.videoHeight;
    const ratio = Math.min(2, devicePixelRatio);
    const [W, H] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== W || canvas.height !== H) Object.assign(canvas, { width: W, height: H });
    const context = canvas.getContext("2d");
    context.fillStyle = "#0b0f13";
    context.fillRect(0, 0, W, H);
    if (isShape) context.drawImage(both, 0, 0, W, H);
    else if (view === "side") {
      const [wide, tall] = [Math.min(W / (2 * w), H / h), Math.min(W / w, H / (2 * h))];
      const isStacked = tall > wide, size = Math.max(wide, tall), [cw, ch] = [w * size, h * size];
      const [x, y] = isStacked ? [(W - cw) / 2, (H - 2 * ch) / 2] : [(W - 2 * cw) / 2, (H - ch) / 2];
      context.drawImage(both, 0, 0, w, h, x, y, cw, ch);
      context.drawImage(both, w, 0, w, h, isStacked ? x : x + cw, isStacked ? y + ch : y, cw, ch);
      label(context, "original", x + 8, y + 8, ratio);
      label(context, "magnified", (isStacked ? x : x + cw) + 8, (isStacked ? y + ch : y) + 8, ratio);
    } else {
      const x = split * W;
      context.drawImage(both, w, 0, w, h, 0, 0, W, H);
      context.drawImage(both, 0, 0, split * w, h, 0, 0, x, H);
      context.fillStyle = "#fff";
      context.fillRect(x - ratio, 0, 2 * ratio, H);
      label(context, "original", 8 * ratio, H - 26 * ratio, ratio);
      label(context, "magnified", W - 82 * ratio, H - 26 * ratio, ratio);
    }
  }
  requestAnimationFrame(paint);
}

function label(context, text, x, y, ratio) {
  context.font = `${12 * ratio}px system-ui, sans-serif`;
  const width = context.measureText(text).width;
  context.fillStyle = "#000a";
  context.fillRect(x, y, width + 10 * ratio, 20 * ratio);
  context.fillStyle = "#fff";
  context.fillText(text, x + 5 * ratio, y + 14 * ratio);
}

/** Magnify the frames from the one that is shown on, at reduced size. */
export const preview = guarded(async () => {
  if (!state.clip) return;
  if (!state.progress.small) throw new Error("The frames are still being read: the preview is made when they are in memory.");
  running?.abort();
  const control = (running = new AbortController()), before = view;
  emit("busy", { preview: "Making the preview" });
  try {
    const answer = await call("preview", { settings: state.settings, start: current() }, control.signal);
    $("preview-note").textContent = `${answer.count} frames from frame ${answer.first} on, at ${answer.size[1]} × ${answer.size[0]}, in ${short(answer.seconds, 2)}\u00a0s${answer.note ? `; ${answer.note}` : ""}`;
    compare(answer.video, before);
  } finally {
    if (running === control) { running = null; emit("busy", { preview: "" }); }
  }
});

const soon = debounced(() => {
  if ($("auto").checked && state.settings.band && state.progress.small) preview();
}, 250);

const showShape = guarded(async (frequency) => {
  if (!state.progress.small) return;
  emit("busy", { shape: `Measuring the shape at ${short(frequency)} Hz` });
  try {
    const answer = await call("shape", { frequency });
    $("shape-figure").hidden = !answer.picture;
    if (answer.message) { $("preview-note").textContent = answer.message; return; }
    $("shape").src = $("shape-link").href = answer.picture;
    media.shape = answer.video;
    chooseView("shape");
  } finally { emit("busy", { shape: "" }); }
});

function show() {
  const { settings, methods } = state, method = methods.find((one) => one.name === settings.method) ?? methods[0];
  if (!method) return;
  $("method").value = method.name;
  $("method-note").textContent = method.summary;
  ["low", "high"].forEach((id, index) => fill(id, settings.band?.[index]));
  fill("alpha", settings.alpha);
  $("alpha-range").value = settings.alpha;
  for (const name of NUMBERS) {
    $(`row-${name}`).hidden = !(name in method.numbers);
    fill(name, settings[name]);
  }
  $("roi").value = settings.roi ?? "";
}

function choosePreset(name) {
  const preset = state.presets[name] ?? {}, method = state.settings.method in preset ? state.settings.method : Object.keys(preset)[0];
  if (!method) return;
  const { band, frequency, alpha, sigma, limit } = preset[method];
  const edges = band ?? (frequency ? [+(frequency / 1.4).toPrecision(4), +(frequency * 1.4).toPrecision(4)] : state.settings.band);
  change({ method, band: edges, alpha: alpha ?? state.settings.alpha, sigma: sigma ?? null, limit: limit ?? null });
}

/** Connect the settings with the preview. */
export function start() {
  requestAnimationFrame(paint);
  on("layout", place);
  on("methods", () => {
    $("method").replaceChildren(...state.methods.map(({ name }) => element("option", { value: name, textContent: name })));
    $("format").replaceChildren(...Object.entries(state.formats).map(([value, text]) => element("option", { value, textContent: `.${value} (${text})` })));
    const presets = Object.keys(state.presets).filter((name) => Object.keys(state.presets[name]).length);
    $("preset").replaceChildren(element("option", { value: "", textContent: "none" }), ...presets.map((name) => element("option", { value: name, textContent: name })));
    show();
  });
  on("settings", (changes) => {
    show();
    if (["method", "band", "alpha", "roi", ...NUMBERS].some((name) => name in changes)) soon();
  });
  on("clip", ({ isNew }) => {
    if (!isNew) return;
    Object.assign(media, { both: "", shape: "" });
    $("slice-figure").hidden = $("shape-figure").hidden = true;
    $("preview-note").textContent = "";
    chooseView("original");
  });
  on("peak", (peak) => { if (state.progress.small) showShape(peak.frequency); });
  on("slice", guarded(async (place) => {
    const answer = await call("slice", place);
    $("slice").src = $("slice-link").href = answer.picture;
    $("slice-figure").hidden = false;
    emit("tab", "magnify");
    $("slice-figure").scrollIntoView({ block: "nearest" });
  }));
  on("result", (result) => result.video && compare(result.video));
  $("method").onchange = () => {
    const method = state.methods.find((one) => one.name === $("method").value);
    change({ method: method.name, alpha: method.alpha });
  };
  $("preset").onchange = () => choosePreset($("preset").value);
  const edges = () => {
    const band = [+$("low").value, +$("high").value];
    if (band[0] > 0 && band[1] > band[0]) change({ band });
    else showError("The band needs two frequencies in Hz, the lower one first.");
  };
  $("low").onchange = $("high").onchange = edges;
  $("alpha-range").oninput = () => { $("alpha").value = $("alpha-range").value; };
  $("alpha-range").onchange = () => change({ alpha: +$("alpha-range").value });
  $("alpha").onchange = () => change({ alpha: +$("alpha").value });
  for (const name of NUMBERS) $(name).onchange = () => change({ [name]: $(name).value === "" ? null : +$(name).value });
  $("roi").onchange = () => change({ roi: $("roi").value });
  $("preview").onclick = preview;
  $("render").onclick = guarded(() => call("render", { settings: state.settings, format: $("format").value }));
  for (const button of document.querySelectorAll("[data-view]")) {
    /** @type {any} */ (button).onclick = () => chooseView(/** @type {HTMLElement} */ (button).dataset.view ?? "original");
  }
  const follow = (event) => {
    if (!event.buttons) return;
    const box = canvas.getBoundingClientRect();
    split = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); follow(event); });
  canvas.addEventListener("pointermove", follow);
  chooseView("original");
  on("chosen", () => { if (chosen() && view !== "original" && view !== "slider") chooseView("original"); });
}
