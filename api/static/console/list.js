// The list of conversations: brought up to date, searched while typing, walked through by keyboard.
import { $, fragment, oneAtATime } from "./wire.js";
import { onNews } from "./live.js";
import { tell } from "./time.js";

const PAUSE_MS = 250;
let marked = "";

const anchors = () => [...document.querySelectorAll("#rows a")];
const query = () => new URLSearchParams(location.search);

function address() {
  const wanted = new URLSearchParams();
  wanted.set("tab", $("rows").dataset.tab);
  if ($("search").value.trim()) wanted.set("q", $("search").value.trim());
  else if (query().get("cursor") && !document.querySelector(".talk")) wanted.set("cursor", query().get("cursor"));
  const opened = document.querySelector(".talk")?.dataset.conversation;
  if (opened && opened.length <= 200) wanted.set("opened", opened);
  return `/console/inbox/rows?${wanted}`;
}

export const refresh = oneAtATime(async () => {
  const fresh = await fragment(address());
  tell(fresh);
  const focused = document.activeElement?.dataset?.id;
  $("list").replaceChildren(fresh);
  if (focused) anchors().find((row) => row.dataset.id === focused)?.focus({ preventScroll: true });
});

export function step(by) {
  const rows = anchors();
  if (!rows.length) return;
  const current = document.activeElement?.dataset?.id || marked || document.querySelector(".talk")?.dataset.conversation;
  const at = rows.findIndex((row) => row.dataset.id === current);
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
  marked = next.dataset.id;
  next.focus();
}

export function begin() {
  if (!$("rows")) return;
  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(refresh, PAUSE_MS); };
  $("search").addEventListener("input", soon);
  onNews(soon);
}
