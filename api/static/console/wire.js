// How the console's scripts speak with the server. Pages come ready-made; scripts only bring news and post forms.

export const $ = (id) => document.getElementById(id);
export const words = JSON.parse(document.body.dataset.words || "{}");
const csrf = document.body.dataset.csrf;
const LOG_IN = "/console/login";

export async function ask(path, options = {}) {
  const headers = { "x-console": "1", "x-csrf-token": csrf, ...options.headers };
  const answer = await fetch(path, { ...options, headers, redirect: "error", cache: "no-store" }).catch(() => {
    throw new Error(words.noAnswer);
  });
  if (answer.status === 401) {
    leave();
    throw new Error(words.noAnswer);
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || problem.title || words.noAnswer);
  }
  return answer;
}

export function leave() {
  location.assign(`${LOG_IN}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

// The server escaped everything in it; a fragment is parsed away from the page and runs nothing (our policy forbids it, too).
export async function fragment(path) {
  const text = await (await ask(path)).text();
  const made = document.createElement("template");
  made.innerHTML = text;
  return made.content;
}

export const post = (path, fields) =>
  ask(path, { method: "POST", body: new URLSearchParams(fields), headers: { "content-type": "application/x-www-form-urlencoded" } });

let hiding = 0;
export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { $("toast").hidden = true; }, 6000);
}

// One thing at a time: what is wanted while it runs is done once more afterwards.
export function oneAtATime(work) {
  let running = false, again = false;
  return async function run() {
    if (running) { again = true; return; }
    running = true;
    try {
      do { again = false; await work(); } while (again);
    } catch { /* the next change, or the next connection, tries again */ } finally { running = false; }
  };
}
