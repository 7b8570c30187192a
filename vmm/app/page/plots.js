// Measurements of the regions: waveform, spectrum, peaks and orbit.

import { call } from "./api.js";
import { $, debounced, element, entry, showError, short } from "./dom.js";
import { change, emit, on, state, unit } from "./state.js";

const Plotly = /** @type {any} */ (window).Plotly;
const CONFIG = { displaylogo: false, responsive: true, scrollZoom: true, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
/** @type {Map<string, AbortController>} */
const running = new Map();

function colors() {
  const style = getComputedStyle(document.documentElement);
  return { text: style.getPropertyValue("--text"), line: style.getPropertyValue("--line"), panel: style.getPropertyValue("--panel"), accent: style.getPropertyValue("--accent") };
}

/** Size of small text in pixels, which follows that of the page. */
const small = () => Math.max(11, Math.round(0.79 * parseFloat(getComputedStyle(document.body).fontSize)));

function layout(xTitle, yTitle, more = {}) {
  const { text, line, panel } = colors();
  const axis = { tickfont: { size: small(), color: text }, gridcolor: line, zerolinecolor: line, linecolor: line, ticks: "outside", tickcolor: line, automargin: true };
  const { xaxis, yaxis, ...rest } = more;
  return {
    margin: { l: 62, r: 14, t: 8, b: 40 }, paper_bgcolor: panel, plot_bgcolor: panel, font: { color: text, size: small() }, showlegend: false, hovermode: "x", hoverdistance: -1,
    xaxis: { ...axis, title: { text: xTitle, standoff: 6 }, showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "dot", ...xaxis },
    yaxis: { ...axis, title: { text: yTitle, standoff: 4 }, ...yaxis }, ...rest,
  };
}

/** Axes without numbers, and a sentence in place of the curves. @param {boolean} isEmpty @param {string} text */
function hint(isEmpty, text) {
  if (!isEmpty) return {};
  const note = { text, showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5, font: { size: small() + 2 } };
  return { xaxis: { visible: false }, yaxis: { visible: false }, annotations: [note], shapes: [] };
}

/** The direction that is shown of a result: 0 down, 1 right. */
function axisOf(result) {
  const choice = state.settings.axis ?? "larger";
  if (choice !== "larger") return +choice;
  const size = result.values.map((values) => values.reduce((sum, value) => sum + (value ?? 0) ** 2, 0));
  return size[1] >= size[0] ? 1 : 0;
}

const keyOf = (region) => JSON.stringify([region.box, region.polygon, unit(), state.clip.first, state.clip.stop, state.clip.fs, state.regions.filter((one) => one.still).map((one) => one.polygon ?? one.box)]);

/** Measure the regions whose result is missing or old: a quick estimate of all is shown until the accurate ones are there. */
async function measureAll() {
  if (!state.clip) return;
  if (state.progress.luma || !state.clip.fits) for (const quick of [true, false]) await measureEach(quick);
  draw();
}

/** Measure these regions one after another. @param {boolean} quick */
async function measureEach(quick) {
  for (const region of [...state.regions]) {
    const key = keyOf(region), turn = `${quick} ${region.id}`;
    if (region.still || state.results.get(region.id)?.key === key) continue;
    running.get(turn)?.abort();
    const control = new AbortController();
    running.set(turn, control);
    emit("busy", { measure: `Measuring ${region.name}` });
    try {
      const result = await call("measure", { region, unit: unit(), quick }, control.signal);
      if (state.results.get(region.id)?.key !== key) state.results.set(region.id, { ...result, quick, key: quick ? "" : key });
    } catch (error) {
      if (!(error instanceof DOMException) && !quick) {
        showError(error);
        state.results.set(region.id, { key, failed: true });
      }
    } finally {
      if (running.get(turn) === control) running.delete(turn);
      if (!running.size) emit("busy", { measure: "" });
    }
    draw();
  }
}

function ready() {
  return state.regions.filter((region) => !region.still && state.results.get(region.id)?.is_known).map((region) => ({ region, result: state.results.get(region.id) }));
}

function waiting() {
  if (!state.clip) return "";
  if (!state.regions.some((region) => !region.still)) return "Draw a region on the picture to see its motion";
  if (state.regions.some((region) => state.results.get(region.id)?.is_known === false)) return "The displacement is unknown";
  return state.progress.luma || !state.clip.fits ? "Measuring" : "Measured as soon as the frames are in memory";
}

function fade(color) { return `${color}33`; }

function drawWave(items) {
  const traces = [];
  for (const { region, result } of items) {
    const axis = axisOf(result), values = result.values[axis], error = 2 * (result.stderr[axis] ?? 0);
    const edge = (sign) => values.map((value) => (value === null ? null : value + sign * error));
    const quiet = { mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
    traces.push({ x: result.times, y: edge(-1), ...quiet }, { x: result.times, y: edge(1), ...quiet, fill: "tonexty", fillcolor: fade(region.color) });
    const name = `${region.name}, ${axis ? "right" : "down"}`;
    traces.push({ x: result.times, y: values, mode: "lines", line: { color: region.color, width: 1.4 }, name, hovertemplate: `%{y:.4g} ${result.unit}<extra>${escaped(name)}</extra>` });
  }
  const result = items[0]?.result;
  $("wave-note").textContent = items.length ? `${items.map(({ region, result: one }) => `${region.name}: ${axisOf(one) ? "right" : "down"}`).join(", ")}; band: two standard errors` : "";
  const title = result ? `${state.settings.quantity} (${result.unit})` : "";
  Plotly.react("wave", traces, layout(result ? `time (${result.time_unit})` : "time (s)", title, { dragmode: "zoom", uirevision: String(state.clip?.name), ...hint(!items.length, waiting()) }), CONFIG);
}

function escaped(text) { return text.replace(/[&<>]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[one] ?? one); }

function drawSpectrum(items) {
  const isLog = $("log-y").checked, isLogX = $("log-x").checked;
  const traces = items.map(({ region, result }) => ({
    x: result.frequencies.slice(1), y: (result.amplitudes[axisOf(result)] ?? []).slice(1), mode: "lines", line: { color: region.color, width: 1.3 }, name: region.name,
    hovertemplate: `%{x:.4g} Hz: %{y:.3g} ${result.unit}<extra>${escaped(region.name)}</extra>`,
  }));
  const both = items.find(({ region }) => region.id === state.chosen);
  if (both && (state.settings.axis ?? "larger") === "larger") {
    const other = 1 - axisOf(both.result), name = `${both.region.name}, ${other ? "right" : "down"}`;
    traces.unshift({ ...traces[items.indexOf(both)], y: (both.result.amplitudes[other] ?? []).slice(1), name, line: { color: both.region.color, width: 1, dash: "dot" }, opacity: 0.75, hovertemplate: `%{y:.3g} ${both.result.unit}<extra>${escaped(name)}</extra>` });
  }
  const { text, accent } = colors(), result = items[0]?.result;
  const selected = items.find(({ region }) => region.id === state.chosen) ?? items[0];
  const annotations = (selected?.result.peaks ?? []).slice(0, 6).map((peak) => ({
    x: isLogX ? Math.log10(peak.frequency) : peak.frequency, y: isLog ? Math.log10(peak.amplitude) : peak.amplitude, text: `${short(peak.frequency)} Hz`, showarrow: true, arrowhead: 0, ax: 0, ay: -1.5 * small(), font: { size: small() - 1, color: text }, arrowcolor: text,
  })).filter((one) => Number.isFinite(one.x) && Number.isFinite(one.y));
  const band = state.settings.band;
  const shapes = band ? [{ type: "rect", xref: "x", yref: "paper", x0: band[0], x1: band[1], y0: 0, y1: 1, fillcolor: accent, opacity: 0.16, line: { width: 0 }, layer: "below" }] : [];
  const more = {
    xaxis: { type: isLogX ? "log" : "linear" }, yaxis: { type: isLog ? "log" : "linear", exponentformat: "power", dtick: isLog ? 1 : undefined, tickfont: { size: small() - (isLog ? 2 : 0), color: text }, range: isLog ? decades(traces) : undefined, rangemode: "tozero" }, annotations, shapes,
    dragmode: "select", selectdirection: "h", margin: { l: 62, r: 14, t: 2 * small(), b: 40 }, uirevision: `${state.clip?.name} ${isLog} ${isLogX} ${state.settings.quantity}`,
    ...hint(!items.length, ""),
  };
  Plotly.react("spectrum", traces, layout("frequency (Hz)", result ? `amplitude (${result.unit})` : "", more), CONFIG);
}

/** Range of a logarithmic axis that shows the noise, with space for the labels of the peaks. */
function decades(traces) {
  const values = traces.flatMap((trace) => trace.y).filter((value) => value > 0);
  if (!values.length) return undefined;
  const largest = Math.max(...values), sorted = values.sort((a, b) => a - b);
  return [Math.log10(Math.max(sorted[Math.floor(sorted.length / 20)] / 3, largest * 1e-7)), Math.log10(largest) + 0.45];
}

/** Whether the plots show the camera in place of the clip. */
const isLive = () => document.body.classList.contains("is-live");

/** Show the motion of a region of the camera in the last seconds. @param {any} result */
export function drawLive(result) {
  const { accent } = colors(), axis = axisOf(result), color = "#ff5d5d", other = 1 - axis, NAMES = ["down", "right"];
  const line = (x, values, index) => ({ x, y: values[index], mode: "lines", name: NAMES[index], opacity: index === other ? 0.5 : 1, line: { color: index === other ? accent : color, width: 1.3 } });
  const times = result.times.map((time) => time + result.begin), title = `displacement (${result.unit})`;
  $("wave-note").textContent = `${NAMES[axis]}, and ${NAMES[other]} in blue; the last seconds`;
  Plotly.react("wave", [line(times, result.values, other), line(times, result.values, axis)], layout("time (s)", title), CONFIG);
  const x = result.frequencies.slice(1), values = result.amplitudes.map((one) => one.slice(1));
  const traces = values.length ? [line(x, values, other), line(x, values, axis)] : [];
  const isLog = $("log-y").checked;
  const peaks = result.peaks.slice(0, 4).map((peak) => ({ x: peak.frequency, y: isLog ? Math.log10(peak.amplitude) : peak.amplitude, text: `${short(peak.frequency, 3)} Hz`, showarrow: true, ax: 0, ay: -16 }));
  Plotly.react("spectrum", traces, layout("frequency (Hz)", `amplitude (${result.unit})`, { yaxis: { rangemode: "tozero", type: isLog ? "log" : "linear", exponentformat: "power" }, annotations: peaks }), CONFIG);
}

/** Choose a peak: its band is set, and its orbit and shape are shown. @param {any} peak */
export function pick(peak) {
  state.settings.frequency = peak.frequency;
  const others = (state.settings.frequencies ?? []).filter((one) => Math.abs(one - peak.frequency) > 1e-9);
  const half = Math.max(0.15 * peak.frequency, 1.5 / Math.max(1e-9, (state.clip.stop - state.clip.first) / state.clip.fs));
  const top = state.clip.fs / 2;
  change({ frequencies: [...others, peak.frequency].slice(-8), band: [+Math.max(0.02 * peak.frequency, peak.frequency - half).toPrecision(4), +Math.min(0.98 * top, peak.frequency + half).toPrecision(4)] });
  drawOrbit(peak);
  emit("peak", peak);
}

function drawOrbit(peak) {
  const isKnown = Boolean(peak?.orbit?.length);
  $("orbit-figure").hidden = !isKnown;
  if (!isKnown) return;
  const { accent } = colors(), [down, right] = peak.orbit, result = state.results.get(state.chosen ?? "") ?? {};
  $("orbit-note").textContent = `at ${short(peak.frequency)} Hz`;
  const more = { hovermode: "closest", xaxis: { zeroline: true }, yaxis: { autorange: "reversed", scaleanchor: "x", zeroline: true } };
  Plotly.react("orbit", [{ x: right, y: down, mode: "lines", line: { color: accent } }], layout(`right (${result.unit})`, `down (${result.unit})`, more), { ...CONFIG, displayModeBar: false });
}

function listPeaks() {
  const region = state.regions.find((one) => one.id === state.chosen), result = region && state.results.get(region.id);
  $("peaks-of").textContent = region && result ? `of ${region.name}` : "";
  const rows = (result?.peaks ?? []).map((peak) => {
    const isChosen = Math.abs((state.settings.frequency ?? NaN) - peak.frequency) < 1e-9;
    const button = element("button", { className: "item", onclick: () => pick(peak) }, ...entry(peak.frequency, ["down", "right"][peak.axis], [peak.text, peak.size, peak.note]));
    button.dataset.peak = String(peak.frequency);
    return element("li", { className: isChosen ? "chosen" : "" }, button);
  });
  let empty = "Draw a region to see its peaks.";
  if (region?.still) empty = "This region is the reference; its motion is subtracted from that of the others.";
  else if (result?.failed) empty = "This region could not be measured.";
  else if (result && !result.is_known) empty = "The displacement of this region is unknown, for the reason below.";
  else if (result) empty = "No peak exceeds the noise.";
  else if (region) empty = "The region is measured as soon as the frames are in memory.";
  $("peaks").replaceChildren(...(rows.length ? rows : [element("li", { className: "muted", textContent: empty })]));
  $("measure-note").textContent = result ? [result.quick ? "Quick estimate from reduced frames; the accurate one follows." : "", result.reason, ...(result.messages ?? [])].filter(Boolean).join(" ") : "";
}

/** Draw all plots. */
export function draw() {
  if (isLive()) return;
  const items = ready();
  drawWave(items);
  drawSpectrum(items);
  listPeaks();
  emit("measured");
}

/** Connect the plots with the regions and settings. */
export function start() {
  const soon = debounced(measureAll, 20);
  on("regions", () => {
    for (const id of state.results.keys()) if (!state.regions.some((region) => region.id === id)) state.results.delete(id);
    draw();
    soon();
  });
  on("chosen", draw);
  on("luma", soon);
  on("settings", (changes) => {
    if (["quantity", "length", "length_px"].some((name) => name in changes)) soon();
    if ("axis" in changes || "band" in changes || !Object.keys(changes).length) draw();
  });
  on("theme", draw);
  $("log-y").onchange = $("log-x").onchange = draw;
  draw();
  const spectrum = $("spectrum");
  spectrum.on("plotly_click", (event) => {
    const region = ready().find((item) => item.region.id === state.chosen) ?? ready()[0];
    const frequency = event.points[0].x, peaks = region?.result.peaks ?? [];
    if (isLive()) return emit("live-band", [frequency / 1.2, frequency * 1.2]);
    if (!peaks.length) return pick({ frequency });
    const nearest = peaks.reduce((a, b) => (Math.abs(a.frequency - frequency) < Math.abs(b.frequency - frequency) ? a : b));
    const isNear = Math.abs(nearest.frequency - frequency) < 0.04 * (state.clip.fs / 2);
    return pick(isNear ? nearest : { frequency });
  });
  spectrum.on("plotly_selected", (event) => {
    const range = event?.range?.x;
    if (!range) return;
    const [low, high] = range.map(Number).sort((a, b) => a - b);
    if (isLive()) emit("live-band", [low, high]);
    else if (high > low) change({ band: [+Math.max(low, 1e-3).toPrecision(4), +high.toPrecision(4)] });
    Plotly.relayout(spectrum, { selections: [] });
  });
}
