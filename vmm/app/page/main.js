// Start of the page: it connects the modules, the steps and the keyboard.

import { call, listen } from "./api.js";
import * as batch from "./batch.js";
import { $, fill, showError } from "./dom.js";
import * as find from "./find.js";
import * as jobs from "./jobs.js";
import * as live from "./live.js";
import * as magnify from "./magnify.js";
import * as open from "./open.js";
import * as plots from "./plots.js";
import * as regions from "./regions.js";
import * as stage from "./stage.js";
import { accept, change, emit, on, state } from "./state.js";
import * as take from "./take.js";

const TABS = ["open", "find", "measure", "magnify", "take", "live"];

/** Show a step. @param {string} name */
function showTab(name) {
  for (const tab of TABS) {
    $(`panel-${tab}`).hidden = tab !== name;
    $(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
    $(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
  }
  emit("shown", name);
}

function startTabs() {
  TABS.forEach((tab, index) => {
    $(`tab-${tab}`).onclick = () => showTab(tab);
    $(`tab-${tab}`).onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.stopPropagation();
      const next = TABS[(index + step + TABS.length) % TABS.length];
      showTab(next);
      $(`tab-${next}`).focus();
    };
  });
  on("tab", showTab);
  showTab("open");
}

/** What the keys do; the letters are those in the tooltips. @type {Record<string, (event: KeyboardEvent) => void>} */
const KEYS = {
  " ": stage.toggle,
  ArrowLeft: (event) => stage.seek(stage.current() - (event.shiftKey ? 10 : 1)),
  ArrowRight: (event) => stage.seek(stage.current() + (event.shiftKey ? 10 : 1)),
  "[": stage.setFirst,
  "]": stage.setStop,
  m: () => magnify.preview(),
  r: () => regions.chooseTool("region"),
  p: () => regions.chooseTool("polygon"),
  l: () => regions.chooseTool("length"),
  x: () => regions.chooseTool("slice"),
  "+": () => stage.zoomBy(1.25),
  "-": () => stage.zoomBy(0.8),
  0: () => stage.zoomBy(0),
  Delete: () => regions.remove(state.chosen),
  Backspace: () => regions.remove(state.chosen),
  "?": () => $("help-dialog").showModal(),
};

function pressed(event) {
  const target = /** @type {HTMLElement} */ (event.target), tag = target.tagName;
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && tag !== "INPUT") { event.preventDefault(); regions.undo(); return; }
  const isTyping = (tag === "INPUT" && !["range", "checkbox"].includes(/** @type {any} */ (target).type)) || tag === "SELECT";
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || $("help-dialog").open) return;
  if (event.key === " " && tag === "BUTTON") return;
  if (regions.polygonKey(event.key)) { event.preventDefault(); return; }
  const action = KEYS[event.key];
  if (action && state.clip) {
    event.preventDefault();
    action(event);
  } else if (event.key === "?") KEYS["?"](event);
}

function startMeasureOptions() {
  on("settings", () => {
    $("quantity").value = state.settings.quantity ?? "displacement";
    $("axis").value = state.settings.axis ?? "larger";
    for (const [id, name] of [["length", "length"], ["length-px", "length_px"]]) fill(id, state.settings[name]);
  });
  $("quantity").onchange = () => change({ quantity: $("quantity").value });
  $("axis").onchange = () => change({ axis: $("axis").value });
  $("length").onchange = () => change({ length: $("length").value.trim() });
  $("length-px").onchange = () => change({ length_px: +$("length-px").value });
  $("length-clear").onclick = () => change({ length: "", length_px: null });
}

async function start() {
  startTabs();
  startMeasureOptions();
  for (const module of [stage, regions, plots, find, magnify, jobs, open, take, batch]) module.start();
  on("error", showError);
  on("stale", async () => { accept(await call("state")); });
  document.addEventListener("keydown", pressed);
  $("help").onclick = () => $("help-dialog").showModal();
  $("theme").onclick = () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("vmm-theme", theme);
    emit("theme");
  };
  const described = await call("state");
  accept(described, true);
  emit("methods");
  live.start(described.live);
  if (described.live.running) showTab("live");
  else if (state.clip) showTab("find");
  listen(jobs.update);
  document.body.dataset.ready = "true";
}

start().catch(showError);
