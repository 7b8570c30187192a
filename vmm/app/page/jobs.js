// The jobs: progress, time that remains, cancel, and results to download or to look at.

import { call } from "./api.js";
import { $, element, guarded } from "./dom.js";
import { emit, on, state } from "./state.js";

const WORDS = { waiting: "waiting", running: "", done: "done", failed: "failed", canceled: "canceled" };
/** @type {Map<number, string>} */
const states = new Map();
/** @type {Record<string, string>} */
const busy = {};
let isFirst = true;

function row(job) {
  const isActive = job.state === "running" || job.state === "waiting";
  const remaining = job.remaining ? `, ${job.remaining < 90 ? `${job.remaining} s` : `${Math.round(job.remaining / 60)} min`} left` : "";
  const share = job.total && job.state === "running" ? ` ${Math.min(100, Math.floor((100 * job.done) / job.total))} %${remaining}` : "";
  const body = element("div", { className: "job" }, element("div", { textContent: `${job.title}${share || ` ${WORDS[job.state]}`}` }));
  if (job.state === "running") {
    const bar = element("progress", {});
    bar.setAttribute("aria-label", job.title);
    if (job.total && job.done < job.total) Object.assign(bar, { max: job.total, value: job.done });
    body.append(bar);
  }
  if (job.message) body.append(element("small", { textContent: job.message }));
  const line = element("li", {}, body);
  line.dataset.job = String(job.id);
  line.dataset.state = job.state;
  if (isActive) line.append(element("button", { textContent: "Cancel", onclick: guarded(() => call("cancel", { job: job.id })) }));
  if (job.result?.video) line.append(element("button", { textContent: "Show", title: "Compare with the original", onclick: () => emit("result", job.result) }));
  if (job.result?.file) line.append(element("a", { href: job.result.file, download: job.result.name, textContent: "Save", title: `Save ${job.result.name}` }));
  return line;
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
  const focused = /** @type {any} */ (document.activeElement)?.closest?.("[data-job]")?.dataset.job;
  $("jobs").replaceChildren(...(shown.length ? shown.reverse().map(row) : [element("li", { className: "muted", textContent: "Nothing is running." })]));
  if (focused) /** @type {any} */ ($("jobs").querySelector(`[data-job="${focused}"] button`))?.focus();
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
