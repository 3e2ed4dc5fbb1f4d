// The simulator's page: a phone, and what goes on behind it.
import * as composer from "./composer.js";
import * as scenes from "./scenes.js";
import * as who from "./who.js";
import { refresh } from "./phone.js";

const POLL_MS = 400;

async function forever(work, pause) {
  for (;;) {
    await new Promise((done) => setTimeout(done, document.hidden ? pause * 4 : pause));
    await work().catch(() => {}); // the server is being restarted: try again
  }
}

composer.begin();
scenes.begin();
who.begin().then(() => { forever(refresh, POLL_MS); forever(scenes.refreshScenes, POLL_MS * 4); });
