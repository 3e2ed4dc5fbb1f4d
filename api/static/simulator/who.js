// Which phone: platform, network and customer. The address bar says it; the last one is remembered.
import { $, ask } from "./wire.js";

const CONTACT = /^[0-9A-Za-z_.@+-]{1,64}$/;
const listeners = [];

const remembered = (key) => {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
};
const remember = (key, value) => localStorage.setItem(key, JSON.stringify(value));

export const platform = () => $("platform").value;
export const network = () => $("network").value;
export const contact = () => $("contact").value;
export const phone = () => ({ platform: platform(), network: network(), contact: contact() });
export const can = (what) => ($("platform").selectedOptions[0]?.dataset.can || "").split(" ").includes(what);
export const whenSwitched = (listener) => listeners.push(listener);

const newName = () => String(100000 + crypto.getRandomValues(new Uint32Array(1))[0] % 900000);
const has = (select, value) => [...select.options].some((option) => option.value === value);

async function showContacts(wanted) {
  const where = platform();
  const known = await ask(`_world/${where}`).catch(() => []);
  if (where !== platform()) return; // switched on meanwhile
  const mine = remembered(`contacts:${where}`) || [];
  const all = [...new Set([...mine, ...known])];
  const last = contact() || wanted || remembered(`contact:${where}`); // somebody new may have come while we asked
  if (last && !all.includes(last)) all.unshift(last);
  if (!all.length) all.push(newName());
  $("contact").replaceChildren(...all.map((name) => new Option(name, name)));
  $("contact").value = last || all[0];
  remember(`contacts:${where}`, all.slice(0, 100));
  open();
}

function showNetworks(wanted) {
  const networks = ($("platform").selectedOptions[0]?.dataset.networks || "").split(" ").filter(Boolean);
  $("network").replaceChildren(...networks.map((name) => new Option(name, name)));
  const last = wanted || remembered(`network:${platform()}`);
  if (networks.includes(last)) $("network").value = last;
  $("network-field").hidden = networks.length < 2;
}

function changePlatform(wanted = {}) {
  showNetworks(wanted.network);
  $("contact").replaceChildren();
  return showContacts(wanted.contact);
}

function addContact() {
  const name = newName();
  remember(`contacts:${platform()}`, [name, ...(remembered(`contacts:${platform()}`) || [])]);
  $("contact").prepend(new Option(name, name));
  $("contact").value = name;
  open();
  $("text").focus();
}

function open() {
  remember("platform", platform());
  remember(`network:${platform()}`, network());
  remember(`contact:${platform()}`, contact());
  const query = new URLSearchParams({ platform: platform(), contact: contact() });
  if (network()) query.set("network", network());
  history.replaceState(null, "", `?${query}`);
  $("whose").textContent = contact();
  listeners.forEach((listener) => listener());
}

export async function begin() {
  const query = new URLSearchParams(location.search);
  const wanted = query.get("platform") || remembered("platform");
  if (has($("platform"), wanted)) $("platform").value = wanted;
  $("platform").addEventListener("change", () => changePlatform());
  $("network").addEventListener("change", open);
  $("contact").addEventListener("change", open);
  $("new-contact").addEventListener("click", addContact);
  const named = query.get("contact") || "";
  await changePlatform({ network: query.get("network"), contact: CONTACT.test(named) ? named : "" });
}
