
// Deeds: what is asked of the daemon, and how it fared, told where it was asked.

const rows = new Map(); // every process as the server tells of it, by name
const shown = new Map(); // its row in the table, by name

const DOING = { start: "starting…", stop: "stopping…", restart: "restarting…", clear: "clearing…", signal: "sending…", reread: "reading…", apply: "applying…" };

// Gives what the daemon answers, or null when it gives no answer.
async function act(what, names, place, more) {
  const form = new URLSearchParams({ do: what, ...more });
  names.forEach((name) => form.append("name", name));
  say(place, DOING[what]);
  let outcomes;
  try {
    const reply = await fetch("web/act", { method: "POST", body: form });
    if (!reply.ok) throw new Error((await reply.text()).slice(0, 200));
    outcomes = await reply.json();
  } catch (error) {
    say(place, `${what}: ${error.message || "no answer"}`, true);
    return null;
  }
  if (!Array.isArray(outcomes)) return outcomes;
  const bad = outcomes.filter((outcome) => !outcome.ok);
  for (const outcome of outcomes) {
    const entry = shown.get(outcome.name);
    if (entry && entry.outcome !== place) say(entry.outcome, outcome.text, !outcome.ok);
  }
  if (!outcomes.length) say(place, "nothing to do", false);
  else if (outcomes.length === 1) say(place, outcomes[0].text, bad.length > 0);
  else if (!bad.length) say(place, `${outcomes.length} processes: ${[...new Set(outcomes.map((one) => one.text))].join(", ")}`, false);
  else say(place, `${bad.length} of ${outcomes.length} failed: ${bad.slice(0, 3).map((one) => `${one.name} ${one.text}`).join("; ")}${bad.length > 3 ? "; …" : ""}`, true);
  return outcomes;
}

async function clearLogs(names, place, whose) {
  if (await ask(`Clear the logs of ${whose}?`, "Clear", "What they hold now is lost.")) act("clear", names, place);
}

// Does it, after a question where many are concerned.
async function deed(what, names, place, whose, more) {
  const verb = { start: "Start", stop: "Stop", restart: "Restart", signal: `Send ${more?.signal} to` }[what];
  if (!whose || await ask(`${verb} ${whose}?`, verb.split(" ")[0])) await act(what, names, place, more);
}

// The items of a menu. For one process there is its state; for many a question is asked first, which says whose they are.
function deedItems(names, place, whose, state) {
  const up = UP.includes(state), asked = state ? null : whose;
  return [
    ["Start", () => deed("start", names(), place, asked), state && (up || state === "STOPPING")],
    ["Stop", () => deed("stop", names(), place, asked), state && !up && state !== "BACKOFF"],
    ["Restart", () => deed("restart", names(), place, asked), state === "STOPPING"],
    ["Clear logs…", () => clearLogs(names(), place, whose)], null,
    ...Object.entries(SIGNALS).map(([signal, meant]) => [`${signal} – ${meant}`, () => deed("signal", names(), place, asked, { signal }), state && !up && state !== "STOPPING"]),
  ];
}

// Start, Stop and Restart, where they make sense.
function enable([start, stop, restart], state) {
  start.disabled = UP.includes(state) || state === "STOPPING";
  stop.disabled = !UP.includes(state) && state !== "BACKOFF";
  restart.disabled = state === "STOPPING";
}
