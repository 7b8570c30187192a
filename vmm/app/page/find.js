// Where does it move: the suggestions, and a map of the motion over the picture.

import { call } from "./api.js";
import { $, element, entry, guarded, short } from "./dom.js";
import { chooseView } from "./magnify.js";
import { add, mark } from "./regions.js";
import { change, emit, on, state } from "./state.js";

/** @type {any[]} */
let suggestions = [];

/** Frequency in Hz below which motion and color may be breathing and pulse, which are counted per minute. */
const SLOW = 4;

/** Make a region where the line is clearest; its box may also hold parts that are still. */
const makeRegion = guarded(async (one, index, use) => {
  use();
  emit("busy", { clearest: "Searching the clearest place" });
  try {
    const { box } = await call("clearest", { number: index });
    add(box, `${short(one.frequency)} Hz`);
    emit("tab", "measure");
  } finally { emit("busy", { clearest: "" }); }
});

function list() {
  const rows = suggestions.map((one, index) => {
    const use = () => {
      chooseView("original");
      mark(one.box);
      change({ method: one.method, band: one.band.map((edge) => +edge.toPrecision(5)), alpha: +one.alpha.toPrecision(3), frequency: one.frequency });
    };
    const item = element("button", { className: "item", onclick: use, title: "Mark its place, and set the band" },
      ...entry(one.frequency, one.frequency < SLOW ? `${one.kind}, ${short(60 * one.frequency, 3)} per minute` : one.kind, [one.text, one.size, one.note]));
    const region = element("button", { textContent: "▭", title: "Make a region of it", onclick: () => makeRegion(one, index, use) });
    region.setAttribute("aria-label", `Make a region of suggestion ${index + 1}`);
    return element("li", {}, item, region);
  });
  $("suggestions").replaceChildren(...rows);
}

/** Colors of the map, from little to much motion. @param {number} share */
function color(share) {
  const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  const place = Math.min(0.9999, share) * 4, low = Math.floor(place), t = place - low;
  const [r, g, b] = stops[low].map((value, i) => Math.round(value + t * (stops[low + 1][i] - value)));
  return `rgba(${r},${g},${b},${0.25 + 0.45 * share})`;
}

function drawMap({ tiles, largest }) {
  const heat = $("heat"), { width, height } = state.clip;
  Object.assign(heat, { width, height });
  const context = heat.getContext("2d");
  context.clearRect(0, 0, width, height);
  for (const [top, left, h, w, size] of tiles) {
    context.fillStyle = color(Math.sqrt(size / largest));
    context.fillRect(left, top, w, h);
  }
  $("map-clear").hidden = !tiles.length;
  $("map-note").textContent = tiles.length ? `Map: root mean square displacement from 0 (violet) to ${short(largest, 3)} px (yellow); places without color are still or have no texture.` : "Nothing moves more than the noise.";
}

function clearMap() {
  const heat = $("heat");
  heat.width = heat.height = 1;
  $("map-clear").hidden = true;
  $("map-note").textContent = "";
}

/** Connect the buttons and the results of their jobs. */
export function start() {
  $("suggest").onclick = guarded(() => call("suggest"));
  $("map").onclick = guarded(() => call("map"));
  $("map-clear").onclick = clearMap;
  on("job-done", (job) => {
    if (job.kind === "map") { chooseView("original"); drawMap(job.result); }
    if (job.kind !== "suggest") return;
    suggestions = job.result;
    list();
    if (!suggestions.length) $("suggestions").replaceChildren(element("li", { className: "muted", textContent: "No vibration or color change exceeds the noise of this clip." }));
  });
  on("clip", ({ isNew }) => {
    if (!isNew) return;
    suggestions = [];
    list();
    clearMap();
  });
}
