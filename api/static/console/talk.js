// One conversation: new lines, what became of each, earlier ones on scrolling up, and the message being written.
import { $, ask, fragment, oneAtATime, post, toast, words } from "./wire.js";
import { onNews } from "./live.js";
import { tell } from "./time.js";

const LARGEST_PICTURE = 8 * 1024 * 1024;
const NEAR = 120;
const talk = document.querySelector(".talk");
const draft = talk && `draft ${talk.dataset.conversation}`;

const isAtEnd = () => $("said").scrollHeight - $("said").scrollTop - $("said").clientHeight < NEAR;
const toEnd = () => { $("said").scrollTop = $("said").scrollHeight; top = $("said").scrollTop; stays = true; $("below").hidden = true; };

// Whoever is at the end stays there while pictures above grow; only scrolling back leaves it.
let stays = true, top = 0;
function scrolled() {
  const at = $("said").scrollTop;
  stays = isAtEnd() || (stays && at >= Math.min(top, $("said").scrollHeight - $("said").clientHeight));
  top = at;
  if (at < NEAR) earlier();
  if (isAtEnd()) $("below").hidden = true;
}

// Lines are told apart by their ids: only those that changed are put anew, so nothing jumps and no sound stops.
function take(fresh) {
  tell(fresh);
  let last = null, isNew = false;
  for (const line of [...fresh.children]) {
    if (!line.dataset.line) {
      if (!document.querySelector("#lines .earlier")) $("lines").prepend(line);
      continue;
    }
    const known = [...$("lines").children].find((item) => item.dataset.line === line.dataset.line);
    if (known && known.innerHTML !== line.innerHTML) known.replaceWith(line);
    else if (!known && last) last.after(line);
    else if (!known) $("lines").append(line);
    if (!known) { isNew = true; forgetSending(line); }
    last = known?.isConnected ? known : line;
  }
  for (const gone of [...$("lines").querySelectorAll(".pending, .sending")]) {
    if (![...kept].includes(gone.dataset.line)) gone.remove();
  }
  return isNew;
}

let kept = new Set();

const refreshLines = oneAtATime(async () => {
  const wasAtEnd = isAtEnd();
  const fresh = await fragment(`${talk.dataset.link}/lines`);
  kept = new Set([...fresh.children].map((line) => line.dataset.line));
  // So much was said meanwhile that nothing of it stands here: begin anew, or lines between would be missing unseen.
  const isApart = [...fresh.children].some((line) => line.classList.contains("earlier")) && ![...$("lines").children].some((line) => line.dataset.line && kept.has(line.dataset.line));
  if (isApart) $("lines").replaceChildren();
  const isNew = take(fresh);
  if (isNew && wasAtEnd) toEnd();
  else if (isNew) $("below").hidden = false;
});

const refreshCard = oneAtATime(async () => {
  const fresh = await fragment(`${talk.dataset.link}/card`);
  tell(fresh);
  $("card").replaceChildren(fresh);
  stand();
});

function stand() {
  const state = $("card").querySelector("[data-holder]");
  talk.dataset.holder = state?.dataset.holder || "";
  talk.dataset.mine = state?.dataset.mine || "";
}

async function earlier() {
  const link = document.querySelector("#lines .earlier a");
  if (!link || link.dataset.busy) return;
  link.dataset.busy = "yes";
  try {
    const fresh = await fragment(`${talk.dataset.link}/lines?before=${encodeURIComponent(link.dataset.before)}`);
    tell(fresh);
    const height = $("said").scrollHeight;
    link.closest("li").replaceWith(fresh);
    $("said").scrollTop += $("said").scrollHeight - height;
  } catch (error) {
    delete link.dataset.busy;
    toast(error.message);
  }
}

// --- writing ------------------------------------------------------------------------------------------------------

function sending(text) {
  const line = document.createElement("li");
  line.className = "line operator sending";
  line.dataset.text = text;
  const bubble = line.appendChild(document.createElement("div"));
  bubble.className = "bubble";
  bubble.appendChild(Object.assign(document.createElement("span"), { className: "text", textContent: text }));
  line.appendChild(Object.assign(document.createElement("p"), { className: "foot", textContent: words.sending }));
  $("sending").append(line);
  toEnd();
  return line;
}

function forgetSending(line) {
  if (!line.classList.contains("operator")) return;
  const text = line.querySelector(".text")?.textContent ?? "";
  doubtful.delete(text);
  const known = [...$("sending").children];
  (known.find((item) => item.dataset.text === text) ?? (text ? undefined : known.find((item) => !item.dataset.text)))?.remove();
}

// What was not confirmed may have been sent all the same: the same words again are the same message, not a second one.
const doubtful = new Map();
const made = () => crypto.randomUUID?.() ?? String(Math.random());

async function send() {
  const text = $("text").value.trim();
  if (!text) return;
  const line = sending(text), once = doubtful.get(text) ?? made();
  $("text").value = "";
  keepDraft();
  try {
    await post(`${talk.dataset.link}/reply`, { text, once });
    refreshLines();
    refreshCard();
  } catch (error) {
    line.remove();
    doubtful.set(text, once);
    $("text").value = [text, $("text").value].filter(Boolean).join("\n");
    keepDraft();
    toast(error.message);
  }
}

async function sendPicture(file) {
  if (!file) return;
  if (file.size > LARGEST_PICTURE) { toast(words.tooLarge); return; }
  const line = sending("");
  line.querySelector(".text").textContent = file.name;
  const headers = { "content-type": file.type || "application/octet-stream", "x-once": made() };
  try {
    await ask(`${talk.dataset.link}/picture`, { method: "POST", body: file, headers });
    refreshLines();
    refreshCard();
  } catch (error) {
    line.remove();
    toast(error.message);
  }
  $("picture").value = "";
}

function keepDraft() {
  const text = $("text").value;
  if (text) sessionStorage.setItem(draft, text);
  else sessionStorage.removeItem(draft);
}

function insert(text) {
  const box = $("text");
  const gap = box.value && !/\s$/.test(box.value.slice(0, box.selectionStart)) ? " " : "";
  box.setRangeText(gap + text, box.selectionStart, box.selectionEnd, "end");
  box.focus();
  keepDraft();
}

async function act(form) {
  try {
    await post(form.action, Object.fromEntries(new FormData(form)));
    form.closest("details")?.removeAttribute("open");
    form.reset();
    await refreshCard();
  } catch (error) {
    toast(error.message);
  }
}

export const write = () => $("text").focus();
export const takeOver = () => talk.querySelector('[data-act="take-over"]').requestSubmit();
export function release() {
  const offered = talk.querySelector(".release");
  if (talk.dataset.holder !== "operator") return;
  offered.open = true;
  offered.querySelector("textarea").focus();
}

export function begin() {
  if (!talk) return;
  stand();
  toEnd();
  $("text").value = $("text").value || sessionStorage.getItem(draft) || "";
  $("text").addEventListener("input", keepDraft);
  $("text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  $("reply").addEventListener("submit", (event) => { event.preventDefault(); send(); });
  $("picture").addEventListener("change", () => sendPicture($("picture").files[0]));
  $("canned")?.addEventListener("change", () => { insert($("canned").value); $("canned").value = ""; });
  for (const form of talk.querySelectorAll("form[data-act]")) {
    form.addEventListener("submit", (event) => { event.preventDefault(); act(form); });
  }
  $("said").addEventListener("scroll", scrolled);
  $("lines").addEventListener("click", (event) => { if (event.target.closest(".earlier a")) { event.preventDefault(); earlier(); } });
  $("lines").addEventListener("load", (event) => { if (event.target.tagName === "IMG" && stays) toEnd(); }, true);
  $("below").addEventListener("click", toEnd);
  $("details").addEventListener("click", () => {
    const shown = $("card").classList.toggle("shown");
    $("details").setAttribute("aria-expanded", shown);
  });
  onNews((changed) => {
    if (!changed.includes("*") && !changed.includes(talk.dataset.conversation)) return;
    refreshLines();
    refreshCard();
  });
  if ($("card").querySelector('[data-silent="yes"]')) refreshCard();
}
