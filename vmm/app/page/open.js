// Opening a clip: by its path, from a folder, by upload, or from those that were open before.

import { call, upload } from "./api.js";
import { $, element, guarded, short } from "./dom.js";
import { accept, change, emit, on, state } from "./state.js";

const RECENT = "vmm-recent";

const open = guarded(async (path, fs = null) => {
  emit("busy", { open: `Opening ${path}` });
  try {
    const before = state.clip?.path;
    accept(await call("open", { path, fs }));
    if (path !== before) change({ frequencies: [] });
    remember(path);
  } finally { emit("busy", { open: "" }); }
});

const send = guarded(async (file) => {
  if (!file) return;
  const bar = $("upload");
  bar.hidden = false;
  try {
    accept(await upload(file, (share) => { bar.value = share; }));
    change({ frequencies: [] });
  } finally { bar.hidden = true; }
});

function recent() {
  try { return JSON.parse(localStorage.getItem(RECENT) ?? "[]"); } catch { return []; }
}

function remember(path) {
  localStorage.setItem(RECENT, JSON.stringify([path, ...recent().filter((one) => one !== path)].slice(0, 8)));
  listRecent();
}

function item(text, title, action, note = "") {
  return element("li", {}, element("button", { className: "item", title, onclick: action }, text, ...(note ? [element("small", { textContent: note })] : [])));
}

function listRecent() {
  const paths = recent();
  $("recent-part").hidden = !paths.length;
  $("recent").replaceChildren(...paths.map((path) => item(path, `Open ${path}`, () => open(path))));
}

const browse = guarded(async (folder) => {
  const { root, folder: path, folders, clips } = await call("browse", { folder });
  $("folder-title").textContent = `Folder ${path || root}`;
  const join = (name) => (path ? `${path}/${name}` : name);
  const up = path ? [item("↑ folder above", "Go to the folder above", () => browse(path.split("/").slice(0, -1).join("/")))] : [];
  const rows = [...up, ...folders.map((name) => item(`▸ ${name}`, `Open the folder ${name}`, () => browse(join(name)))), ...clips.map(({ name, bytes }) => item(name, `Open ${name}`, () => open(join(name)), `${short(bytes / 1e6, 3)} MB`))];
  $("folder").replaceChildren(...(rows.length ? rows : [element("li", { className: "muted", textContent: "There is no clip in this folder." })]));
});

function showFacts() {
  const clip = state.clip;
  $("facts-part").hidden = !clip;
  if (!clip) return;
  $("facts").replaceChildren(...clip.rows.map(([name, text]) => element("tr", {}, element("th", { textContent: name }), element("td", { textContent: text }))));
  const notes = [...clip.warnings];
  if (!clip.fits) notes.push("The part is too long to hold all its pixels in memory, so that each region is read from the file: trim it to measure fast.");
  $("warnings").replaceChildren(...notes.map((text) => element("p", { className: "warning", textContent: text })));
  $("fs").value = short(clip.fs, 8);
  $("path").value = clip.path;
}

/** Connect the controls. */
export function start() {
  on("clip", showFacts);
  listRecent();
  browse("");
  $("open").onclick = () => open($("path").value.trim());
  $("path").onkeydown = (event) => { if (event.key === "Enter") open($("path").value.trim()); };
  $("choose-file").onclick = () => $("file").click();
  $("file").onchange = () => send($("file").files[0]);
  $("welcome-open").onclick = () => { emit("tab", "open"); $("path").focus(); };
  $("set-fs").onclick = () => state.clip && open(state.clip.path, +$("fs").value);
  const stage = $("stage");
  stage.addEventListener("dragover", (event) => { event.preventDefault(); stage.classList.add("drop"); });
  stage.addEventListener("dragleave", () => stage.classList.remove("drop"));
  stage.addEventListener("drop", (event) => {
    event.preventDefault();
    stage.classList.remove("drop");
    send(event.dataTransfer.files[0]);
  });
}

export { open };
