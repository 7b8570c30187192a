// Short forms for elements of the page.

/** The element with an id. @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/** A new element with properties and children. @param {string} tag @param {object} [properties] @param {...(Node|string)} children @returns {any} */
export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** A new SVG element with attributes. @param {string} tag @param {object} attributes @returns {any} */
export function shape(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/** Show a sentence about an error, or hide the last one. @param {unknown} error */
export function showError(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const text = error instanceof Error ? error.message : String(error ?? "");
  $("error").textContent = text;
  $("error").hidden = !text;
}

/** Run a function of an event, and show its error. @param {(...args: any[]) => any} action */
export const guarded = (action) => async (...args) => {
  try { showError(""); await action(...args); } catch (error) { showError(error); }
};

/** A function that runs after a pause; its `flush` runs it at once if it is due.
 * @param {(...args: any[]) => any} action @param {number} pause milliseconds */
export function debounced(action, pause) {
  let timer = 0;
  const run = () => { timer = 0; action(); };
  const start = () => { clearTimeout(timer); timer = setTimeout(run, pause); };
  return Object.assign(start, { flush: () => { if (timer) { clearTimeout(timer); run(); } } });
}

/** Show a setting in its input. What a person types stays until the setting changes.
 * @param {string} id @param {unknown} value */
export function fill(id, value) {
  const input = $(id), text = String(value ?? "");
  if (input.dataset.shown === text || (input === document.activeElement && input.value !== text)) return;
  input.dataset.shown = input.value = text;
}

/** A number with few digits. @param {number} value @param {number} [digits] */
export const short = (value, digits = 4) => String(+Number(value).toPrecision(digits));

/** A frequency in few digits with what it is, and the details with their errors below.
 * @param {number} frequency @param {string} kind @param {string[]} details */
export function entry(frequency, kind, details) {
  const title = element("span", {}, element("strong", { textContent: `${short(frequency)} Hz` }), ` ${kind}`);
  return [title, ...details.filter(Boolean).map((textContent) => element("small", { textContent }))];
}
