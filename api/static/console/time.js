// Times as people read them here and now; the server knows neither their zone nor how long the page has stood open.
import { words } from "./wire.js";

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });

function ago(at) {
  const minutes = Math.floor((Date.now() - at) / 60000);
  if (minutes < 1) return words.now;
  if (minutes < 60) return words.minutes.replace("{n}", minutes);
  if (minutes < 60 * 24) return words.hours.replace("{n}", Math.floor(minutes / 60));
  if (minutes < 60 * 24 * 7) return words.days.replace("{n}", Math.floor(minutes / 60 / 24));
  return day.format(at);
}

function clockOrDay(at) {
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

const styles = { ago, clock: clockOrDay, date: (at) => whole.format(at) };

export function tell(root = document) {
  for (const time of root.querySelectorAll("time[data-when]")) {
    const at = new Date(time.dateTime);
    time.textContent = styles[time.dataset.when](at);
    time.title = whole.format(at);
  }
}

export function begin() {
  tell();
  setInterval(() => tell(), 30000);
}
