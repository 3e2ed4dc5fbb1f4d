// How the page speaks with the simulator, and how it builds what it shows: always from text, never from markup.

export const $ = (id) => document.getElementById(id);

export function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

export function button(title, action, className = "") {
  const made = element("button", title, className);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

export async function ask(path, options) {
  const answer = await fetch(`/simulator/${path}`, options).catch(() => {
    throw new Error("The API does not answer. Is it still running?");
  });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(sentence(body, answer.status));
  return body;
}

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

function sentence(body, status) {
  if (body.detail) return `${body.title || "Refused"}: ${body.detail}`;
  if (typeof body.error === "string") return body.error;
  return `The simulator answered HTTP ${status}.`;
}

export async function upload(blob, mime) {
  const { id } = await ask("_media", { method: "POST", headers: { "content-type": mime }, body: blob });
  return id;
}

export function showStatus(text, className = "") {
  $("status").textContent = text;
  $("status").className = className;
}

// Do something and say what became of it: an error of the server's is shown as its sentence.
export async function tell(work) {
  const began = performance.now();
  try {
    const answer = await work();
    if (answer?.statuses) showAnswered(answer.statuses, Math.round(performance.now() - began));
    return answer;
  } catch (error) {
    showStatus(error.message, "bad");
    return undefined;
  }
}

function showAnswered(statuses, milliseconds) {
  const good = statuses.every((status) => status < 300);
  showStatus(`HTTP ${statuses.join(", ")} in ${milliseconds} ms`, good ? "good" : "bad");
}

export function list(id, items, line, nothing = "None yet.") {
  const wanted = items.length ? items.map(line) : nothing ? [element("li", nothing)] : [];
  const same = wanted.map((item) => item.textContent).join("\n");
  if ($(id).dataset.shown === same) return;
  $(id).dataset.shown = same;
  $(id).replaceChildren(...wanted);
}

export const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
