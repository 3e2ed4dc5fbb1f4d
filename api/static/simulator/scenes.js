// Behind the scenes: what breaks, how sends went, what the operator types, what was ordered.
import { $, ask, clock, element, list, post, showStatus, tell } from "./wire.js";
import { can, phone, platform, contact, whenSwitched } from "./who.js";
import { refresh } from "./phone.js";

const titles = new Map([...document.querySelectorAll("[data-fault]")].map((one) => [one.dataset.fault, one]));

export async function refreshScenes() {
  const whose = phone(), before = changes;
  if (!whose.contact) return;
  const [calls, about] = await Promise.all([
    ask(`_calls/${whose.platform}`), ask(`_about?${new URLSearchParams(whose)}`),
  ]);
  if (JSON.stringify(whose) !== JSON.stringify(phone()) || before !== changes) return;
  list("calls", calls.filter((call) => call.contact === whose.contact).slice(-5).reverse(), callLine);
  showTrouble(about.trouble);
  showTold(about.tells);
  list("orders", about.orders || [], orderLine, about.orders ? "None yet." : "The order book cannot be read now.");
  $("flow").textContent = `Answered by the flow ${about.flow}.`;
  $("temporal").hidden = !about.temporal;
  if (about.temporal) $("temporal").href = about.temporal;
}

function callLine(call) {
  const taken = /^2\d\d$/.test(call.outcome);
  const words = taken ? `taken (${call.outcome})` : titles.get(call.outcome)?.textContent || `refused (${call.outcome})`;
  const line = element("li", `${clock(call.at)} `);
  line.append(element("span", words, taken ? "good" : "bad"));
  return line;
}

const orderLine = (order) =>
  element("li", [`№ ${order.id}`, order.bottles_count && `${order.bottles_count} bottles`, order.delivery_address,
    order.client_phone, order.status].filter(Boolean).join(" · "));

function showTold(tells) {
  $("tells").textContent = tells.length
    ? `Here the platform tells us: ${tells.join(", ")}.`
    : "This platform tells nobody how far a message came.";
  titles.get("undelivered").disabled = !tells.includes("failed");
}

// --- what breaks -----------------------------------------------------------------------------------------------------

function showTrouble(trouble) {
  list("faults", trouble.faults, faultLine, "");
  $("heal").hidden = !trouble.faults.length;
  $("hold-one").checked = trouble.held;
  $("hold-all").checked = trouble.all_held;
  $("waiting").textContent = trouble.waiting ? `(${trouble.waiting} waiting)` : "";
  if (document.activeElement !== $("latency")) $("latency").value = trouble.latency;
}

function faultLine(fault) {
  const words = titles.get(fault.kind);
  const times = fault.times === null ? "until cleared" : fault.times === 1 ? "the next call" : `the next ${fault.times} calls`;
  const line = element("li");
  line.append(element("strong", words?.textContent || fault.kind), `: ${times}, ${fault.contact ? "this customer" : "everybody"}. `);
  line.append(element("span", `${words?.title || ""}.`, "quiet"));
  return line;
}

// What was asked for before or during a change may show how it was: only what is asked for afterwards counts.
let changes = 0;
async function change(work) {
  changes += 1;
  await tell(work).catch(() => {});
  changes += 1;
  await refreshScenes().catch(() => {});
}

const breakNext = (kind) => change(() => post("_faults", {
  platform: platform(), kind, times: $("times").value ? Number($("times").value) : null,
  contact: $("to").value === "all" ? null : contact(),
}));

const hold = (whom, box) => change(() => post("_gate", { platform: platform(), contact: whom, closed: box.checked }));

const slow = () => change(() => post("_settings", { platform: platform(), latency: Math.max(0, Number($("latency").value) || 0) }));

async function letPass() {
  const answer = await tell(() => post("_later", { platform: platform(), contact: contact() }));
  if (answer) showStatus("25 hours have passed since everything said so far.");
  await refresh().catch(() => {});
}

// --- the operator ----------------------------------------------------------------------------------------------------

function operate(event) {
  event.preventDefault();
  const text = $("operator-text").value.trim();
  if (!text) return;
  $("operator-text").value = "";
  tell(() => post("_operator", { ...phone(), text })).then(refresh).catch(() => {});
}

function showOperator() {
  $("operate").hidden = !can("echo");
  $("no-echo").hidden = can("echo");
  $("no-echo").textContent = `${platform()} does not tell us what operators type in its own app.`;
}

export function begin() {
  whenSwitched(() => { showOperator(); refreshScenes().catch(() => {}); });
  for (const [kind, one] of titles) one.addEventListener("click", () => breakNext(kind));
  $("heal").addEventListener("click", () => change(() => ask(`_faults?platform=${platform()}`, { method: "DELETE" })));
  $("hold-one").addEventListener("change", () => hold(contact(), $("hold-one")));
  $("hold-all").addEventListener("change", () => hold(null, $("hold-all")));
  $("latency").addEventListener("change", slow);
  $("later").addEventListener("click", letPass);
  $("operate").addEventListener("submit", operate);
}
