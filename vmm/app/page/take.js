// Taking results along: command lines, Python, measurements as files, and the state of the page.

import { call } from "./api.js";
import { $, debounced, element, guarded, short } from "./dom.js";
import { accept, change, on, state, unit } from "./state.js";

const EXPORTS = { csv: "CSV", npz: "NPZ", wav: "WAV", uff: "UFF", png: "PNG", html: "Report (HTML)" };

/** What the report holds. */
function showReport() {
  const { frequencies = [], band } = state.settings, shapes = [...frequencies].sort((a, b) => a - b).map((one) => `${short(one)} Hz`);
  const of = shapes.length ? `the shapes at ${shapes.join(", ")}` : "the shapes at the largest peaks";
  $("report-note").textContent = `The report holds the regions, their spectra, ${of} and ${band ? "the clip magnified as set here" : "a magnified clip"}.`;
  $("report-clear").hidden = !shapes.length;
}

const showLines = debounced(async () => {
  if (!state.clip) return;
  if (!state.settings.band) $("line-magnify").textContent = $("line-python").textContent = "Choose a band first.";
  const lines = await call("lines", { settings: state.settings, unit: unit() }).catch((error) => ({ error: error.message }));
  if (lines.magnify || lines.error) $("line-magnify").textContent = lines.magnify ?? lines.error;
  $("line-measure").textContent = state.regions.length ? lines.measure ?? lines.error : "Draw a region first.";
  if (lines.python || lines.error) $("line-python").textContent = lines.python ?? lines.error;
}, 200);

async function copy(button) {
  const text = $(button.dataset.copy).textContent;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else getSelection()?.selectAllChildren($(button.dataset.copy));
  button.textContent = navigator.clipboard ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

function saveState() {
  const { clip, regions, settings } = state;
  if (!clip) throw new Error("Open a clip first.");
  const content = { format: "vmm app state", version: 1, clip: { path: clip.path, fs: clip.stated_fs, first: clip.first, stop: clip.stop }, regions, settings };
  const address = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
  element("a", { href: address, download: `${clip.name.replace(/\.[^.]*$/, "")}.vmm.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

async function loadState(file) {
  if (!file) return;
  let content;
  try { content = JSON.parse(await file.text()); } catch { content = null; }
  if (content?.format !== "vmm app state") throw new Error(`${file.name} is no state that this app saved.`);
  const { path, fs, first, stop } = content.clip;
  if (state.clip?.path !== path || (state.clip?.stated_fs ?? null) !== (fs ?? null)) accept(await call("open", { path, fs }));
  await call("settings", { settings: content.settings });
  await call("regions", { regions: content.regions });
  await call("part", { first, stop });
  accept(await call("state"), true);
}

/** Connect the controls. */
export function start() {
  for (const name of ["clip", "regions", "settings"]) on(name, showLines);
  for (const button of document.querySelectorAll("[data-copy]")) /** @type {any} */ (button).onclick = guarded(() => copy(button));
  $("exports").replaceChildren(...Object.entries(EXPORTS).map(([format, textContent]) => {
    const button = element("button", { textContent, onclick: guarded(() => call("export", { format, unit: unit(), settings: state.settings })) });
    button.dataset.export = format;
    return button;
  }));
  on("settings", showReport);
  $("report-clear").onclick = () => change({ frequencies: [] });
  $("save-state").onclick = guarded(saveState);
  $("load-state").onclick = () => $("state-file").click();
  $("state-file").onchange = guarded(async () => { await loadState($("state-file").files[0]); $("state-file").value = ""; });
}
