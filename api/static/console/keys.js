// Everything by keyboard; single letters only where nobody is typing.
import { $ } from "./wire.js";
import * as list from "./list.js";
import * as talk from "./talk.js";

const AFTER_G_MS = 1500;
let gAt = 0;

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");
const tab = (number) => document.querySelectorAll(".list .tabs a")[number - 1]?.click();
const inTalk = (work) => () => { if (document.querySelector(".talk")) work(); };

const keys = {
  "?": () => $("keys").showModal(),
  "/": () => $("search")?.focus(),
  j: () => list.step(1),
  k: () => list.step(-1),
  r: inTalk(() => talk.write()),
  t: inTalk(() => talk.takeOver()),
  e: inTalk(() => talk.release()),
  u: () => document.querySelector(".back")?.click(),
  g: () => { gAt = Date.now(); },
};

function press(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { escape(event); return; }
  if (isTyping(event.target) || $("keys").open) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (gAt && Date.now() - gAt < AFTER_G_MS) {
    gAt = 0;
    const place = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (place) { event.preventDefault(); place.click(); return; }
  }
  if (/^[1-6]$/.test(key)) { event.preventDefault(); tab(Number(key)); return; }
  if (keys[key]) { event.preventDefault(); keys[key](); }
}

function escape(event) {
  const open = event.target.closest("details[open]") ?? document.querySelector(".release[open], .who[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); return; }
  if (isTyping(event.target)) event.target.blur();
}

export function begin() {
  document.addEventListener("keydown", press);
  $("keys-open").addEventListener("click", () => $("keys").showModal());
}
