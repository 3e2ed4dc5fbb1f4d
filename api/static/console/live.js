// News from the server. A page nobody looks at hangs up: browsers keep few connections to one host.
import { $, leave, words } from "./wire.js";

const listeners = [];
let source;

export const onNews = (listener) => listeners.push(listener);

function show(isLive) {
  const shown = $("live");
  if (!shown) return;
  shown.classList.toggle("away", !isLive);
  shown.querySelector(".words").textContent = isLive ? words.live : words.notLive;
}

function counts(told) {
  for (const [tab, count] of Object.entries(told)) {
    for (const shown of document.querySelectorAll(`[data-count="${tab}"]`)) {
      shown.textContent = count;
      shown.toggleAttribute("data-none", count === "0");
    }
  }
}

function connect() {
  source = new EventSource("/console/events");
  source.addEventListener("open", () => { show(true); tell(["*"]); });
  source.addEventListener("error", () => show(false));
  source.addEventListener("counts", (event) => counts(JSON.parse(event.data)));
  source.addEventListener("touched", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("over", () => { hangUp(); leave(); });
}

function tell(changed) {
  for (const listener of listeners) listener(changed);
}

function hangUp() {
  source?.close();
  source = undefined;
}

export function begin() {
  connect();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hangUp();
    else if (!source) connect();
  });
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", (event) => { if (event.persisted && !source) connect(); });
}
