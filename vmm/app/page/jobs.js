// The jobs: progress, time that remains, cancel, and results to download or to look at.

import { call } from "./api.js";
import { $, element, guarded } from "./dom.js";
import { emit, on, state } from "./state.js";

const WORDS = { waiting: "waiting", running: "", done: "done", failed: "failed", canceled: "canceled" };
const NOTHING = element("li", { className: "muted", textContent: "Nothing is running." });
/** @type {Map<number, string>} */
const states = new Map();
/** @type {Record<string, string>} */
const busy = {};
let isFirst = true;

/** @type {Map<number, any>} */
const rows = new Map();

/** The row of a job. Until its state changes, it is the same element, so that no click on its button is lost. */
function row(job) {
  const old = rows.get(job.id);
  const line = old?.dataset.state === job.state ? old : newRow(job);
  rows.set(job.id, line);
  describe(line.firstElementChild, job);
  return line;
}

function newRow(job) {
  const isActive = job.state === "running" || job.state === "waiting";
  const line = element("li", {}, element("div", { className: "job" }));
  line.dataset.job = String(job.id);
  line.dataset.state = job.state;
  if (isActive) line.append(element("button", { textContent: "Cancel", onclick: guarded(() => call("cancel", { job: job.id })) }));
  if (job.result?.video) line.append(element("button", { textContent: "Show", title: "Compare with the original", onclick: () => emit("result", job.result) }));
  if (job.result?.file) line.append(element("a", { href: job.result.file, download: job.result.name, textContent: "Save", title: `Save ${job.result.name}` }));
  return line;
}

/** Show the title, the progress and the message of a job. */
function describe(body, job) {
  const remaining = job.remaining ? `, ${job.remaining < 90 ? `${job.remaining} s` : `${Math.round(job.remaining / 60)} min`} left` : "";
  const share = job.total && job.state === "running" ? ` ${Math.min(100, Math.floor((100 * job.done) / job.total))} %${remaining}` : "";
  body.replaceChildren(element("div", { textContent: `${job.title}${share || ` ${WORDS[job.state]}`}` }));
  if (job.state === "running") {
    const bar = element("progress", {});
    bar.setAttribute("aria-label", job.title);
    if (job.total && job.done < job.total) Object.assign(bar, { max: job.total, value: job.done });
    body.append(bar);
  }
  if (job.message) body.append(element("small", { textContent: job.message }));
}

/** Show rows in the list, which stays as it is if they are in it. */
function list(lines) {
  const list = $("jobs");
  if (lines.length === list.children.length && lines.every((line, i) => line === list.children[i])) return;
  const focused = /** @type {any} */ (document.activeElement)?.closest?.("[data-job]")?.dataset.job;
  list.replaceChildren(...lines);
  if (focused) list.querySelector(`[data-job="${focused}"] button`)?.focus();
}

/** Take over the progress that the server announces. @param {any} progress */
export function update(progress) {
  const before = state.progress;
  state.progress = progress;
  for (const job of progress.jobs) {
    const old = states.get(job.id);
    states.set(job.id, job.state);
    if (job.state === "done" && old !== "done" && (old || !isFirst || job.kind === "suggest")) emit("job-done", job);
    if (job.state === "failed" && old !== "failed" && !isFirst) emit("error", new Error(job.message));
  }
  isFirst = false;
  const shown = progress.jobs.filter((job) => ["render", "export", "batch"].includes(job.kind) || job.state === "running" || job.state === "failed");
  for (const id of rows.keys()) if (!shown.some((job) => job.id === id)) rows.delete(id);
  list(shown.length ? shown.reverse().map(row) : [NOTHING]);
  const active = progress.jobs.find((job) => job.state === "running");
  say("job", active ? `${active.title}${active.total ? ` ${Math.floor((100 * active.done) / active.total)} %` : ""}` : "");
  if (progress.luma && !before.luma) emit("luma");
  if (progress.version > state.version && !state.pending) emit("stale");
}

function say(name, text) {
  busy[name] = text;
  const first = Object.values(busy).find(Boolean) ?? "";
  if ($("busy").textContent !== first) $("busy").textContent = first ? `${first}…` : "";
}

/** Show what is being done. */
export function start() {
  on("busy", (entries) => { for (const [name, text] of Object.entries(entries)) say(name, text); });
  on("job-done", (job) => { if (job.kind === "render") emit("result", job.result); });
}
