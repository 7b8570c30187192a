// The same settings for several files, and the table of their results.

import { call } from "./api.js";
import { $, element, guarded } from "./dom.js";
import { on, state } from "./state.js";

const list = guarded(async () => {
  if (!state.clip || !$("batch-part").open) return;
  const path = state.clip.path.split("/").slice(0, -1).join("/");
  const { folder, clips } = await call("browse", { folder: path.startsWith("/") ? "" : path });
  $("batch-files").replaceChildren(...clips.map(({ name }) => {
    const box = element("input", { type: "checkbox", value: folder ? `${folder}/${name}` : name, checked: name === state.clip.name });
    return element("li", {}, element("label", {}, box, ` ${name}`));
  }));
});

const run = guarded(async () => {
  const files = [...$("batch-files").querySelectorAll("input:checked")].map((box) => /** @type {any} */ (box).value);
  if (!files.length) throw new Error("Choose at least one file.");
  await call("batch", { settings: state.settings, files, folder: $("batch-folder").value });
});

/** Show the results of a batch. @param {any} job */
function show(job) {
  if (job.kind !== "batch") return;
  const title = element("tr", {}, ...["file", "result", "seconds", "message"].map((textContent) => element("th", { textContent })));
  const rows = job.result.rows.map((row) => {
    const name = row.file.split("/").pop();
    const cell = row.address ? element("a", { href: row.address, download: row.output.split("/").pop(), textContent: name, title: `Save ${row.output}` }) : name;
    return element("tr", {}, element("td", {}, cell), ...[row.result, row.seconds, row.message].map((textContent) => element("td", { textContent })));
  });
  $("batch-table").replaceChildren(element("table", { className: "facts" }, title, ...rows));
}

/** Connect the controls. */
export function start() {
  on("clip", list);
  on("job-done", show);
  $("batch-part").ontoggle = list;
  $("batch").onclick = run;
}
