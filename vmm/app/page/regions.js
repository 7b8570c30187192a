// Regions: they are drawn, moved, resized, named and removed without waiting for the server.

import { call } from "./api.js";
import { $, element, guarded, shape, showError } from "./dom.js";
import { boxInFrame, cornerInFrame, handlesOf, hasArea, movedBy, ofCorners, resizedTo, withCorner } from "./outlines.js";
import { COLORS, change, emit, on, state } from "./state.js";

const overlay = $("overlay");
/** @type {string[]} */
const past = [];
let tool = "region";
let scale = 1;
/** @type {any} */
let drag = null;
/** Corners of the polygon that is being drawn, and the place of the mouse. @type {number[][]} */
let corners = [];
/** @type {number[]|null} */
let pointer = null;
/** @type {any} */
let spot = null;
/** @type {number[]|null} */
let ruler = null;

/** Choose what the mouse does: region, polygon, length or slice. @param {string} name */
export function chooseTool(name) {
  tool = name;
  corners = [];
  if (name !== "slice") ruler = null;
  draw();
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-checked", String(/** @type {HTMLElement} */ (button).dataset.tool === name));
  }
}

/** The chosen region. */
export const chosen = () => state.regions.find((region) => region.id === state.chosen) ?? null;

/** Mark a place of the picture, such as that of a suggestion. @param {number[]|null} box */
export function mark(box) {
  spot = box;
  draw();
}

function remember() {
  past.push(JSON.stringify(state.regions));
  if (past.length > 100) past.shift();
}

/** Undo the last change of regions. */
export function undo() {
  const last = past.pop();
  if (last === undefined) return;
  state.regions = JSON.parse(last);
  save();
}

// The regions stay on the page if the server refuses them or does not answer.
function save() {
  if (!chosen()) state.chosen = state.regions.at(-1)?.id ?? null;
  $("undo").disabled = !past.length;
  emit("regions");
  state.pending += 1;
  call("regions", { regions: state.regions }).then((answer) => { state.version = answer.version; }, showError).finally(() => {
    state.pending -= 1;
    if (!state.pending && state.progress.version > state.version) emit("stale");
  });
}

/** Add a region. @param {number[]} box @param {string} [name] @param {number[][]|null} [polygon] */
export function add(box, name = "", polygon = null) {
  remember();
  const used = new Set(state.regions.map((region) => region.color));
  const color = COLORS.find((one) => !used.has(one)) ?? COLORS[state.regions.length % COLORS.length];
  const names = new Set(state.regions.map((region) => region.name));
  let number = state.regions.length + 1;
  while (names.has(`region ${number}`)) number += 1;
  const region = { id: `r${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`, name: name || `region ${number}`, color, still: false, ...(polygon ? ofCorners(polygon) : { box: boxInFrame(box, state.clip) }) };
  state.regions.push(region);
  state.chosen = region.id;
  save();
}

/** Add the polygon that is being drawn, if it holds pixels. */
function closePolygon() {
  const polygon = corners.filter((corner, i) => i === 0 || String(corner) !== String(corners[i - 1]));
  corners = [];
  pointer = null;
  if (hasArea(polygon)) add([], "", polygon);
  draw();
}

/** What a key does while a polygon is drawn; whether it did anything. @param {string} key */
export function polygonKey(key) {
  if (!corners.length || !["Enter", "Escape", "Backspace", "Delete"].includes(key)) return false;
  if (key === "Enter") closePolygon();
  else corners = key === "Escape" ? [] : corners.slice(0, -1);
  draw();
  return true;
}

/** Change the chosen region. @param {string} id @param {object} changes */
function alter(id, changes) {
  remember();
  Object.assign(state.regions.find((region) => region.id === id) ?? {}, changes);
  save();
}

/** Remove a region. @param {string|null} id */
export function remove(id) {
  if (!state.regions.some((region) => region.id === id)) return;
  remember();
  state.regions = state.regions.filter((region) => region.id !== id);
  if (state.settings.roi === id) change({ roi: "" });
  save();
}

function choose(id) {
  state.chosen = id;
  emit("chosen");
}

function point(event) {
  const box = overlay.getBoundingClientRect();
  return [((event.clientY - box.top) * state.clip.height) / box.height, ((event.clientX - box.left) * state.clip.width) / box.width];
}

function pressed(event) {
  if (!state.clip || event.button) return;
  const [row, col] = point(event), target = event.target;
  const id = event.shiftKey || corners.length ? null : target.dataset?.id, region = state.regions.find((one) => one.id === id);
  overlay.setPointerCapture(event.pointerId);
  const isDrawing = tool === "region" || tool === "polygon", before = region && outlineOf(region);
  if (!isDrawing) drag = { kind: tool, row, col };
  else if (region && target.dataset?.corner) drag = { kind: region.polygon ? "corner" : "resize", region, row, col, corner: +target.dataset.corner, before };
  else if (region) drag = { kind: "move", region, row, col, before };
  else if (tool === "polygon") return addCorner([row, col], event.detail > 1);
  else drag = { kind: "new", row, col, box: null };
  if (region) choose(region.id);
}

const outlineOf = ({ box, polygon }) => (polygon ? { box, polygon } : { box });

/** Add a corner to the polygon that is being drawn; a double click, or one on the first corner, closes it. */
function addCorner(place, isLast) {
  const near = corners.length > 2 && Math.hypot(place[0] - corners[0][0], place[1] - corners[0][1]) * scale < 9;
  if (!near && !isLast) corners.push(cornerInFrame(place, state.clip));
  if (near || (isLast && corners.length > 2)) closePolygon();
  else draw();
}

function moved(event) {
  if (corners.length) { pointer = point(event); draw(); }
  if (!drag) return;
  const [row, col] = point(event);
  if (drag.kind === "new") {
    drag.box = [Math.min(drag.row, row), Math.min(drag.col, col), Math.abs(row - drag.row), Math.abs(col - drag.col)];
  } else if (drag.kind === "move") {
    Object.assign(drag.region, movedBy(drag.before, row - drag.row, col - drag.col, state.clip));
  } else if (drag.kind === "corner") {
    Object.assign(drag.region, withCorner(drag.before, drag.corner, [row, col], state.clip));
  } else if (drag.kind === "resize") {
    const [top, left, height, width] = drag.before.box, [bottom, right] = [top + height, left + width];
    const [r, c] = [drag.corner < 2 ? bottom : top, drag.corner % 2 ? left : right];
    drag.region.box = boxInFrame([Math.min(r, row), Math.min(c, col), Math.abs(r - row), Math.abs(c - col)], state.clip);
  } else ruler = [drag.row, drag.col, row, col];
  draw();
}

function released(event) {
  if (!drag) return;
  const { kind, region, before, box, row, col } = drag, [endRow, endCol] = point(event);
  drag = null;
  if (kind === "new" && box && box[2] * scale > 4 && box[3] * scale > 4) add(box);
  else if (kind === "length") {
    change({ length_px: +Math.hypot(endRow - row, endCol - col).toFixed(1) });
    emit("tab", "measure");
    $("length").focus();
  } else if (kind === "slice") {
    const isLine = Math.hypot(endRow - row, endCol - col) * scale > 8;
    ruler = isLine ? [row, col, endRow, endCol] : [0, col, state.clip.height, col];
    emit("slice", { line: ruler });
  } else if (before && JSON.stringify(before) !== JSON.stringify(outlineOf(region))) {
    const after = outlineOf(region);
    Object.assign(region, before);
    // A polygon that was dragged flat holds no pixel: it is put back.
    if (!after.polygon || hasArea(after.polygon)) alter(region.id, after);
  } else if (before && tool === "polygon") addCorner([row, col], false); // A click on a region that was not dragged.
  draw();
}

function draw() {
  if (!state.clip) return;
  const { width, height } = state.clip;
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const size = 10 / scale, nodes = [];
  for (const region of state.regions) {
    const [y, x, h, w] = region.box, isChosen = region.id === state.chosen;
    const kind = `region${region.still ? " still" : ""}${isChosen ? " chosen" : ""}`;
    const look = { class: kind, stroke: region.color, tabindex: 0, role: "button", "data-id": region.id };
    const box = region.polygon ? shape("polygon", { points: pointsOf(region.polygon), ...look }) : shape("rect", { x, y, width: w, height: h, ...look });
    const form = region.polygon ? `polygon of ${region.polygon.length} corners, ` : "";
    box.setAttribute("aria-label", `${region.name}, ${form}row ${y}, column ${x}, ${h} high, ${w} wide`);
    nodes.push(box);
    const label = shape("text", { x, y: Math.max(14 / scale, y - 4 / scale), "font-size": 12 / scale, "stroke-width": 3 / scale });
    label.textContent = region.name;
    label.style.strokeWidth = `${3 / scale}px`;
    nodes.push(label);
    if (!isChosen) continue;
    handlesOf(region).forEach(([r, c], corner) => {
      nodes.push(shape("rect", {
        x: c - size / 2, y: r - size / 2, width: size, height: size, class: "handle", "data-id": region.id, "data-corner": String(corner),
        style: `cursor: ${region.polygon ? "move" : `${corner === 0 || corner === 3 ? "nwse" : "nesw"}-resize`}`,
      }));
    });
  }
  if (drag?.box) nodes.push(shape("rect", { x: drag.box[1], y: drag.box[0], width: drag.box[3], height: drag.box[2], class: "region", stroke: "#fff" }));
  if (corners.length) {
    nodes.push(shape("polyline", { points: pointsOf(pointer ? [...corners, pointer] : corners), class: "drawing" }));
    nodes.push(shape("circle", { cy: corners[0][0], cx: corners[0][1], r: 5 / scale, class: "drawing first" }));
    const note = shape("text", { x: corners[0][1] + 9 / scale, y: corners[0][0] - 7 / scale, "font-size": 12 / scale, "stroke-width": 3 / scale });
    note.textContent = corners.length > 2 ? "click here or press Enter to close" : "click the next corner; Esc gives up";
    note.style.strokeWidth = `${3 / scale}px`;
    nodes.push(note);
  }
  if (spot) nodes.push(shape("rect", { x: spot[1], y: spot[0], width: spot[3], height: spot[2], class: "spot" }));
  if (ruler) nodes.push(shape("line", { y1: ruler[0], x1: ruler[1], y2: ruler[2], x2: ruler[3], class: "ruler" }));
  const focused = /** @type {any} */ (document.activeElement)?.dataset?.id;
  overlay.replaceChildren(...nodes);
  if (focused) /** @type {any} */ (overlay.querySelector(`.region[data-id="${focused}"]`))?.focus();
}

const pointsOf = (places) => places.map(([row, col]) => `${col},${row}`).join(" ");

function list() {
  const rows = state.regions.map((region) => {
    const name = element("input", { className: "name", value: region.name, maxLength: 80, title: "Name of the region" });
    name.setAttribute("aria-label", "Name of the region");
    name.onchange = () => alter(region.id, { name: name.value.trim() || region.name });
    name.onfocus = () => choose(region.id);
    const still = element("input", { type: "checkbox", checked: region.still });
    still.onchange = () => alter(region.id, { still: still.checked });
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = region.color;
    const label = element("label", { title: "A region at rest in the scene: its motion, that of the camera, is subtracted" }, still, " still");
    const close = element("button", { className: "quiet", textContent: "×", title: "Remove the region (Delete)", onclick: () => remove(region.id) });
    close.setAttribute("aria-label", `Remove ${region.name}`);
    const row = element("li", { className: region.id === state.chosen ? "chosen" : "", onclick: () => choose(region.id) }, swatch, name, label, close);
    row.dataset.id = region.id;
    return row;
  });
  const empty = element("li", { className: "muted", textContent: "Draw a rectangle or a polygon on the picture with the mouse." });
  $("regions").replaceChildren(...(rows.length ? rows : [empty]));
  $("roi").replaceChildren(element("option", { value: "", textContent: "the whole frame" }), ...state.regions.map((region) => element("option", { value: region.id, textContent: region.name })));
  $("roi").value = state.settings.roi ?? "";
}

function keyed(event) {
  const id = event.target.dataset?.id, steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const step = steps[event.key], region = state.regions.find((one) => one.id === id);
  if (!region || !step) return;
  event.preventDefault();
  event.stopPropagation();
  const [top, left, height, width] = region.box;
  alter(id, event.shiftKey ? resizedTo(region, [top, left, height + step[0], width + step[1]], state.clip) : movedBy(region, step[0], step[1], state.clip));
}

/** Connect the regions with the mouse and the keyboard. */
export function start() {
  overlay.addEventListener("pointerdown", pressed);
  overlay.addEventListener("pointermove", moved);
  overlay.addEventListener("pointerup", released);
  overlay.addEventListener("pointercancel", () => { drag = null; draw(); });
  overlay.addEventListener("keydown", keyed);
  overlay.addEventListener("focusin", (event) => {
    const id = /** @type {any} */ (event.target).dataset?.id;
    if (id && id !== state.chosen) choose(id);
  });
  on("layout", (value) => { scale = value; draw(); });
  on("clip", ({ isNew }) => { if (isNew) { past.length = 0; spot = ruler = null; corners = []; $("undo").disabled = true; } });
  on("regions", () => { if (!chosen()) state.chosen = state.regions.at(-1)?.id ?? null; list(); draw(); });
  on("chosen", () => {
    draw();
    for (const row of $("regions").children) row.classList.toggle("chosen", row.dataset.id === state.chosen);
  });
  $("undo").onclick = guarded(undo);
  for (const button of document.querySelectorAll("[data-tool]")) {
    /** @type {any} */ (button).onclick = () => chooseTool(/** @type {HTMLElement} */ (button).dataset.tool ?? "region");
  }
  chooseTool("region");
}
