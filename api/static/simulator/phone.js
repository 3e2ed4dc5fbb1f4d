// What the phone shows. Customers' words come in as text (textContent): nothing they write can become markup.
import { $, button, element, post, tell } from "./wire.js";
import { can, network, phone, platform } from "./who.js";

const STATES = {
  sent: "✓ Sent", delivered: "✓✓ Delivered", read: "✓✓ Read", failed: "! Not delivered",
  seen: "✓✓ Seen", edited: "Edited", unsent: "Taken back",
};
const shown = new Map();
const hands = { tap: () => {}, edit: () => {} };
let revision = 0;
let generation = 0;

export const whenTapped = (hand) => { hands.tap = hand; };
export const whenEdited = (hand) => { hands.edit = hand; };

export function openPhone() {
  generation += 1;
  revision = 0;
  shown.clear();
  $("messages").replaceChildren();
  return refresh().catch(() => {});
}

export async function refresh() {
  const mine = generation;
  const whose = phone();
  if (!whose.contact) return;
  const eyes = $("eyes").checked && !document.hidden;
  let screen;
  try {
    screen = await post("_look", { ...whose, revision, eyes });
  } catch (error) {
    showMood(error.message, "bad");
    throw error;
  }
  if (mine !== generation) return;
  showMood(...(screen.typing ? ["typing…", "typing"] : [network() || platform(), ""]));
  revision = screen.revision;
  if (screen.entries) show(screen.entries);
}

function showMood(words, mood) {
  if ($("mood").textContent !== words) $("mood").textContent = words;
  $("mood").className = mood;
}

function show(entries) {
  const log = $("messages");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const before = shown.size;
  for (const entry of entries) showOne(entry);
  if (shown.size > before || atEnd) log.scrollTop = log.scrollHeight;
}

function showOne(entry) {
  const body = JSON.stringify([entry.text, entry.image_url, entry.media, entry.choices, entry.state === "unsent"]);
  const known = shown.get(entry.id);
  const line = known?.body === body ? known.line : bubble(entry);
  if (!known) $("messages").append(line);
  else if (known.line !== line) known.line.replaceWith(line);
  showNotes(line.querySelector(".notes"), entry);
  line.classList.toggle("failed", entry.state === "failed");
  shown.set(entry.id, { body, line });
}

function showNotes(notes, entry) {
  const time = element("time", when(entry.at));
  time.dateTime = entry.at;
  const state = STATES[entry.state] ? [element("span", STATES[entry.state], `state ${entry.state}`)] : [];
  const writer = entry.by_operator ? [element("span", "Operator", "writer")] : [];
  notes.replaceChildren(...writer, time, ...state);
}

function when(at) {
  const moment = new Date(at);
  const time = { hour: "2-digit", minute: "2-digit" };
  const isToday = moment.toDateString() === new Date().toDateString();
  return moment.toLocaleString([], isToday ? time : { ...time, day: "numeric", month: "short" });
}

function bubble(entry) {
  const line = element("li", "", entry.direction + (entry.by_operator ? " operator" : ""));
  const content = element("div", "", "bubble");
  content.append(...media(entry));
  if (entry.state === "unsent") content.append(element("em", "This message was taken back."));
  else if (entry.text) content.append(element("span", entry.text));
  line.append(content);
  if (entry.choices.length) line.append(choices(entry.choices));
  const foot = element("div", "", "foot");
  foot.append(element("div", "", "notes"), ...actions(entry));
  line.append(foot);
  return line;
}

function media(entry) {
  const pieces = entry.media.map(medium);
  if (/^https?:/.test(entry.image_url)) pieces.unshift(picture(entry.image_url));
  return pieces;
}

// What the phone itself sent lies with the simulator, under its id.
function medium(one) {
  const url = /^\d+$/.test(one.id) ? `/simulator/_media/${one.id}` : one.url;
  if (!/^(https?:|\/simulator\/)/.test(url)) return element("em", "A medium that cannot be shown");
  if (one.kind === "audio") return voice(url);
  if (one.kind === "image") return picture(url);
  const link = element("a", one.name || "A file");
  link.href = url;
  link.rel = "noopener";
  link.target = "_blank";
  return link;
}

function picture(url) {
  const made = element("img");
  made.src = url;
  made.alt = "Picture";
  made.addEventListener("load", () => { // it grew: keep the end in sight
    const log = $("messages");
    if (log.scrollHeight - log.scrollTop - log.clientHeight < made.height + 80) log.scrollTop = log.scrollHeight;
  });
  return made;
}

function voice(url) {
  const made = element("audio");
  made.src = url;
  made.controls = true;
  made.preload = "metadata";
  made.setAttribute("aria-label", "Voice note");
  return made;
}

function choices(offered) {
  const row = element("div", "", "choices");
  row.append(...offered.map((choice) => button(choice.title, () => hands.tap(choice))));
  return row;
}

function actions(entry) {
  if (entry.direction !== "in" || entry.state === "unsent" || !entry.external_id) return [];
  const made = [];
  if (can("edited") && entry.text && !entry.media.length) made.push(button("Edit", () => hands.edit(entry), "quiet-button"));
  if (can("unsent")) made.push(button("Unsend", () => unsend(entry), "quiet-button"));
  return made;
}

async function unsend(entry) {
  await tell(() => post("_unsend", { entry: entry.id }));
  await refresh().catch(() => {});
}
