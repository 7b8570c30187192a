// What the page shows: the clip, the regions, the settings and the results, and who wants to know of changes.

import { call } from "./api.js";
import { debounced, showError } from "./dom.js";

export const COLORS = ["#ff5d5d", "#4fa3ff", "#4fd17a", "#ffb02e", "#c58cff", "#2ad4d4"];

export const state = {
  /** @type {any} */ clip: null,
  /** @type {any[]} */ regions: [],
  /** @type {string|null} */ chosen: null,
  /** @type {any} */ settings: { method: "gradient", band: null, alpha: 10, roi: "", quantity: "displacement" },
  /** @type {any[]} */ methods: [],
  /** @type {any} */ formats: {},
  /** @type {any} */ presets: {},
  /** @type {Map<string, any>} */ results: new Map(),
  /** Version of the state of the server that the page has, and the number of its changes on the way. */ version: 0, pending: 0,
  /** @type {any} */ progress: { jobs: [], version: 0, small: false, luma: false },
};

/** @type {Map<string, Array<(detail?: any) => void>>} */
const listeners = new Map();

/** Call a function at each event of a name. @param {string} name @param {(detail?: any) => void} listener */
export function on(name, listener) {
  listeners.set(name, [...(listeners.get(name) ?? []), listener]);
}

/** Announce an event. @param {string} name @param {any} [detail] */
export function emit(name, detail = undefined) {
  for (const listener of listeners.get(name) ?? []) listener(detail);
}

const saveSettings = debounced(() => call("settings", { settings: state.settings }).catch(showError), 300);
addEventListener("pagehide", saveSettings.flush);

/** Change settings, save them, and announce it. @param {object} changes */
export function change(changes) {
  Object.assign(state.settings, changes);
  saveSettings();
  emit("settings", changes);
}

/** The unit and the quantity of measurements, as the server takes them. */
export function unit() {
  const { quantity, length, length_px } = state.settings;
  return length && length_px ? { quantity, length, length_px } : { quantity };
}

/** Take over the state that the server describes; the settings of the page are newer, unless `settings` is true.
 * @param {any} described @param {boolean} [settings] */
export function accept(described, settings = false) {
  const old = state.clip;
  state.clip = described.clip;
  state.version = described.version;
  if (described.methods) Object.assign(state, { methods: described.methods, formats: described.formats, presets: described.presets });
  if (settings) state.settings = { ...state.settings, ...described.settings };
  state.regions = described.regions.map((region) => ({ ...region, box: [...region.box] }));
  const isNew = Boolean(state.clip) && (!old || old.poster !== state.clip.poster);
  const isOtherPart = Boolean(old && state.clip) && (old.first !== state.clip.first || old.stop !== state.clip.stop);
  if (isNew || isOtherPart) state.results.clear();
  emit("clip", { isNew, isOtherPart });
  emit("regions");
  emit("settings", {});
}

/** Frame rate of the video for the browser. */
export const rate = () => state.clip?.rate ?? 30;
