// What the customer does: writes, attaches, records, taps, edits; and how it reaches the webhook.
import { $, post, showStatus, tell, upload } from "./wire.js";
import { phone, whenSwitched } from "./who.js";
import { openPhone, refresh, whenEdited, whenTapped } from "./phone.js";

const state = { held: null, edited: null, busy: Promise.resolve() };

const way = () => document.querySelector("[name=way]:checked").value;

function release() {
  state.held = null;
  document.querySelector("[name=way][value=once]").checked = true;
}

// One after the other: what was sent first is posted first.
function queue(work) {
  state.busy = state.busy.then(work).then(() => refresh().catch(() => {}));
  return state.busy;
}

function send(message) {
  if (way() === "swapped" && state.held === null) {
    state.held = message;
    showStatus("Held back: it arrives after the next message you write.");
    return;
  }
  const backwards = state.held !== null;
  const body = { ...phone(), messages: backwards ? [state.held, message] : [message], twice: way() === "twice", backwards };
  release();
  queue(() => tell(() => post("_say", body)));
}

function submit() {
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  const edited = state.edited;
  if (edited === null) return send({ text });
  stopEditing();
  queue(() => tell(() => post("_edit", { entry: edited, text })));
}

// --- a message anew --------------------------------------------------------------------------------------------------

function startEditing(entry) {
  state.edited = entry.id;
  $("text").value = entry.text;
  $("editing").hidden = false;
  $("text").focus();
}

function stopEditing() {
  state.edited = null;
  $("text").value = "";
  $("editing").hidden = true;
}

// --- pictures and voice notes ----------------------------------------------------------------------------------------

async function attach(blob, mime) {
  showAttach(false);
  const whose = phone();
  const media = await tell(() => upload(blob, mime));
  const stayed = JSON.stringify(whose) === JSON.stringify(phone());
  if (!media || !stayed) return;
  const caption = mime.startsWith("image/") && state.edited === null ? $("text").value.trim() : "";
  if (caption) $("text").value = "";
  send({ text: caption, media });
}

function attachFile(input, usual) {
  const [file] = input.files;
  input.value = "";
  if (file) attach(file, file.type || usual);
}

async function attachSample(name) {
  const answer = await fetch(`/simulator/_samples/${name}`).catch(() => null);
  if (!answer?.ok) return showStatus("The sample cannot be had now.", "bad");
  const blob = await answer.blob();
  return attach(blob, blob.type);
}

function showAttach(open) {
  $("attach").hidden = !open;
  $("clip").setAttribute("aria-expanded", String(open));
}

// --- the microphone --------------------------------------------------------------------------------------------------

let recorder = null;

async function record() {
  if (recorder) return recorder.stop();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return showStatus("The browser gives no microphone: allow it, or attach a voice file or the sample.", "bad");
  }
  const pieces = [];
  recorder = new MediaRecorder(stream);
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  recorder.addEventListener("stop", () => {
    const mime = recorder.mimeType || "audio/webm";
    stream.getTracks().forEach((track) => track.stop());
    recorder = null;
    showRecording(false);
    if (pieces.some((piece) => piece.size)) attach(new Blob(pieces, { type: mime }), mime);
  });
  recorder.start();
  return showRecording(true);
}

function showRecording(on) {
  $("record").setAttribute("aria-pressed", String(on));
  const words = on ? "Stop, and send the voice note" : "Record a voice note";
  $("record").setAttribute("aria-label", words);
  $("record").title = words;
  if (on) showStatus("Recording… press again to send.");
}

// --- begin -----------------------------------------------------------------------------------------------------------

export function begin() {
  whenTapped((choice) => send({ text: choice.title, choice: choice.id }));
  whenEdited(startEditing);
  whenSwitched(() => { release(); if (state.edited !== null) stopEditing(); openPhone(); });
  $("say").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
    if (event.key === "Escape" && state.edited !== null) stopEditing();
  });
  $("keep").addEventListener("click", stopEditing);
  $("clip").addEventListener("click", () => showAttach($("attach").hidden));
  $("attach").addEventListener("keydown", (event) => {
    if (event.key === "Escape") { showAttach(false); $("clip").focus(); }
  });
  $("photo").addEventListener("change", () => attachFile($("photo"), "image/jpeg"));
  $("voice").addEventListener("change", () => attachFile($("voice"), "audio/ogg"));
  for (const sample of document.querySelectorAll("[data-sample]")) {
    sample.addEventListener("click", () => attachSample(sample.dataset.sample));
  }
  $("record").hidden = !(navigator.mediaDevices && window.MediaRecorder);
  $("record").addEventListener("click", record);
}
