// Requests to the server. All addresses are relative, so that the app also works behind a proxy.

/** Name of this page: a newer request takes the place of an older one of the same page. */
const PAGE = Math.random().toString(36).slice(2);

/** Call a function of the server; throw an Error with its sentence if it fails.
 * @param {string} name @param {object} [body] @param {AbortSignal} [signal] */
export async function call(name, body = {}, signal = undefined) {
  let response;
  try {
    response = await fetch(`api/${name}`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...body, page: PAGE }), signal,
      keepalive: name === "settings", // A page that is left still sends its settings.
    });
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw new Error("The app does not answer. Is the command vmm app still running?");
  }
  const text = await response.text();
  let answer;
  try { answer = JSON.parse(text); } catch { throw new Error(text || `The server answered ${response.status}.`); }
  if (!response.ok) throw new Error(answer.error ?? text);
  return answer;
}

/** Send a file; `progress` gets the share that was sent.
 * @param {File} file @param {(share: number) => void} progress @returns {Promise<any>} */
export function upload(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `api/upload?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded / event.total);
    request.onerror = () => reject(new Error("The file could not be sent to the app."));
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { answer = { error: request.responseText }; }
      if (request.status === 200) resolve(answer); else reject(new Error(answer.error));
    };
    request.send(file);
  });
}

/** Listen to the progress of the jobs. @param {(progress: any) => void} listener */
export function listen(listener) {
  const events = new EventSource("api/events");
  events.onmessage = (event) => listener(JSON.parse(event.data));
}
