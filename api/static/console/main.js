// The console's pages work without scripts; with them they are live and quick to the hand.
import * as keys from "./keys.js";
import * as list from "./list.js";
import * as live from "./live.js";
import * as talk from "./talk.js";
import * as time from "./time.js";

time.begin();
list.begin();
talk.begin();
keys.begin();
live.begin();
