// The simulated phone. Everything shown comes in as text (textContent): nothing a customer writes can become markup.
"use strict";

const POLL_MS = 500;
const $ = (id) => document.getElementById(id);
const remembered = (key) => JSON.parse(localStorage.getItem(key) || "null");
const state = { last: 0, held: null, busy: Promise.resolve(), generation: 0 };

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

async function ask(path, options) {
  const answer = await fetch(`/simulator/${path}`, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail || `HTTP ${answer.status}`);
  return body;
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const platform = () => $("platform").value;
const contact = () => $("contact").value;
const here = () => `${platform()}/${encodeURIComponent(contact())}`;

// --- who -------------------------------------------------------------------------------------------------------

const newName = () => String(100000 + crypto.getRandomValues(new Uint32Array(1))[0] % 900000);

async function showContacts() {
  const known = await ask(`_world/${platform()}`).catch(() => []);
  const mine = remembered(`contacts:${platform()}`) || [];
  const all = [...new Set([...mine, ...known])];
  if (!all.length) all.push(newName());
  const last = contact() || remembered(`contact:${platform()}`); // somebody new may have come while we asked
  $("contact").replaceChildren(...all.map((name) => new Option(name, name)));
  $("contact").value = all.includes(last) ? last : all[0];
  localStorage.setItem(`contacts:${platform()}`, JSON.stringify(all));
  openPhone();
}

function changePlatform() {
  $("contact").replaceChildren();
  return showContacts();
}

function addContact() {
  const name = newName();
  const mine = remembered(`contacts:${platform()}`) || [];
  localStorage.setItem(`contacts:${platform()}`, JSON.stringify([name, ...mine]));
  $("contact").prepend(new Option(name, name));
  $("contact").value = name;
  openPhone();
  $("text").focus();
}

function openPhone() {
  state.generation += 1;
  state.last = 0;
  localStorage.setItem("platform", JSON.stringify(platform()));
  localStorage.setItem(`contact:${platform()}`, JSON.stringify(contact()));
  $("messages").replaceChildren();
  releaseHeld();
  refresh();
  refreshRest();
}

// --- what the phone shows ----------------------------------------------------------------------------------------

function bubble(entry) {
  const line = element("li", "", entry.direction);
  const words = element("div", entry.text, "bubble");
  if (/^https?:/.test(entry.image_url)) {
    const picture = element("img");
    picture.src = entry.image_url;
    picture.alt = "Picture";
    words.prepend(picture);
  }
  const time = element("time", new Date(entry.at).toLocaleTimeString());
  time.dateTime = entry.at;
  line.append(words);
  if (entry.choices.length) line.append(choices(entry.choices));
  line.append(time);
  return line;
}

function choices(offered) {
  const row = element("div", "", "choices");
  for (const choice of offered) {
    const button = element("button", choice.title);
    button.type = "button";
    button.addEventListener("click", () => say([choice.title]));
    row.append(button);
  }
  return row;
}

async function refresh() {
  const generation = state.generation;
  if (!contact()) return;
  const entries = await ask(`_world/${here()}?after=${state.last}`);
  if (generation !== state.generation) return;
  const fresh = entries.filter((entry) => entry.id > state.last);
  if (!fresh.length) return;
  state.last = fresh.at(-1).id;
  $("messages").append(...fresh.map(bubble));
  $("messages").scrollTop = $("messages").scrollHeight;
}

async function refreshRest() {
  const generation = state.generation;
  const who = contact();
  if (!who) return;
  const where = new URLSearchParams({ platform: platform(), contact: who });
  const [calls, faults, about] = await Promise.all([
    ask(`_calls/${platform()}`), ask("_faults"), ask(`_about?${where}`).catch(() => null),
  ]);
  if (generation !== state.generation) return;
  list("calls", calls.filter((call) => call.contact === who).slice(-6).reverse(), callLine);
  const active = faults.filter((fault) => fault.platform === platform() && [who, null].includes(fault.contact));
  $("faults").textContent = active.length ? `Waiting to happen: ${active.map((fault) => fault.kind).join(", ")}` : "";
  $("heal").hidden = !active.length;
  list("orders", about ? about.orders : [], orderLine, about ? "None yet." : "The order book cannot be read now.");
  $("temporal").hidden = !about?.temporal;
  if (about?.temporal) $("temporal").href = about.temporal;
}

function list(id, items, line, nothing = "None yet.") {
  const wanted = items.length ? items.map(line) : [element("li", nothing)];
  const same = wanted.map((item) => item.textContent).join("\n");
  if ($(id).dataset.shown === same) return;
  $(id).dataset.shown = same;
  $(id).replaceChildren(...wanted);
}

function callLine(call) {
  const line = element("li", `${new Date(call.at).toLocaleTimeString()} `);
  line.append(element("span", call.outcome === "200" ? "delivered" : call.outcome, call.outcome === "200" ? "good" : "bad"));
  return line;
}

const orderLine = (order) =>
  element("li", [`№ ${order.id}`, order.bottles_count && `${order.bottles_count} bottles`, order.delivery_address,
    order.client_phone, order.status].filter(Boolean).join(" · "));

// --- what the customer does ----------------------------------------------------------------------------------------

const way = () => document.querySelector("[name=way]:checked").value;

function releaseHeld() {
  state.held = null;
  document.querySelector("[name=way][value=once]").checked = true;
}

function submit() {
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  if (way() === "swapped" && state.held === null) {
    state.held = text;
    showStatus("Held back: it arrives after the next message you write.");
    return;
  }
  const texts = state.held === null ? [text] : [state.held, text];
  say(texts, { twice: way() === "twice", backwards: state.held !== null });
}

function say(texts, how = {}) {
  const body = { platform: platform(), contact: contact(), texts, ...how };
  releaseHeld();
  // One after the other: what was typed first is posted first.
  state.busy = state.busy.then(async () => {
    const sent = performance.now();
    try {
      const { statuses } = await post("_say", body);
      const good = statuses.every((status) => status < 300);
      showStatus(`HTTP ${statuses.join(", ")} in ${Math.round(performance.now() - sent)} ms`, good ? "good" : "bad");
    } catch (error) {
      showStatus(error.message, "bad");
    }
    await refresh().catch(() => {});
  });
}

function showStatus(text, className = "") {
  $("status").textContent = text;
  $("status").className = className;
}

// --- begin -----------------------------------------------------------------------------------------------------------

async function forever(work, pause) {
  for (;;) {
    await new Promise((done) => setTimeout(done, document.hidden ? pause * 4 : pause));
    await work().catch(() => {}); // the server is being restarted: try again
  }
}

$("say").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
});
$("platform").addEventListener("change", changePlatform);
$("contact").addEventListener("change", openPhone);
$("new-contact").addEventListener("click", addContact);
$("heal").addEventListener("click", () => ask(`_faults?platform=${platform()}`, { method: "DELETE" }).then(refreshRest));
for (const button of document.querySelectorAll("[data-fault]")) {
  button.addEventListener("click", () =>
    post("_faults", { platform: platform(), kind: button.dataset.fault, contact: contact() }).then(refreshRest));
}
const before = remembered("platform");
if ([...$("platform").options].some((option) => option.value === before)) $("platform").value = before;
showContacts().then(() => { forever(refresh, POLL_MS); forever(refreshRest, POLL_MS * 4); });
