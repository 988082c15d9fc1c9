
// Logs: one that grows, or a rotated file; with pause, search, colours.

const MOST_LINES = 10000, FIRST = 65536, MORE = 8 << 20, ROTATED = 1 << 20;
const leave = new Map(); // how to leave the log view of a place, by place

// Fills a place with the logs of a process, or without a name with supervisord's own.
function logView(place, name, channels) {
  leave.get(place)?.();
  if (!channels.length) return place.replaceChildren(el("p.soft", {}, "It writes no log file."));
  const of = (more) => new URLSearchParams({ ...(name ? { name } : {}), ...more });
  const view = el("div.log", { tabindex: 0, role: "log", "aria-label": name ? `Log of ${name}` : "Log of supervisord", "aria-live": "off" });
  const search = el("input", { type: "search", placeholder: "Search", "aria-label": "Search the log", "aria-keyshortcuts": "/", oninput: () => look(), onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); step(event.shiftKey ? -1 : 1); } } });
  const filtering = el("input", { type: "checkbox", checked: true, onchange: () => look() });
  const wrap = el("input", { type: "checkbox", checked: kept("wrap", true), onchange: () => { keep("wrap", wrap.checked); view.classList.toggle("long", !wrap.checked); } });
  const found = el("span.soft", { role: "status" });
  const pause = el("button", { type: "button", "aria-pressed": "false", "aria-keyshortcuts": "f", onclick: () => hold(!paused) }, "Pause");
  const newest = button("↓ Newest", () => { hold(false); bottom(); }, null, "newest");
  const earlier = button("Load earlier lines", () => { head = MORE; begin(); }, null, "earlier quiet");
  const download = el("a.button", { download: true }, "Download");
  const choice = el("select", { "aria-label": "Which log", onchange: () => { head = FIRST; begin(); } });
  const followed = el("optgroup", { label: "As it grows" }, ...channels.map((one) => el("option", { value: one }, one === "main" ? "supervisord" : one)), channels.length > 1 ? el("option", { value: "both" }, "both") : null);
  const rotated = el("optgroup", { label: "Rotated" });
  choice.append(followed);
  view.classList.toggle("long", !wrap.checked);
  let isLeft = false, head = FIRST, paused = false, ending = null, waiting = 0, first = true;
  const held = document.createDocumentFragment();

  const isAtEnd = () => view.scrollHeight - view.scrollTop - view.clientHeight < 30;
  const bottom = () => { view.scrollTop = view.scrollHeight; };
  view.addEventListener("scroll", () => setHidden(newest, !paused && isAtEnd()), { passive: true });
  function hold(is) {
    paused = is;
    pause.setAttribute("aria-pressed", is);
    if (!is) { view.append(held); waiting = 0; trim(); look(); bottom(); }
    setText(pause, is ? "Follow" : "Pause");
    setText(newest, "↓ Newest");
    setHidden(newest, !is && isAtEnd());
  }
  const trim = () => { while (view.childElementCount > MOST_LINES) view.firstChild.remove(); };

  // Search: a word is marked wherever it is; lines without it are left out, if that is wanted.
  const wanted = () => search.value.toLowerCase();
  const matches = (line) => !wanted() || line.textContent.toLowerCase().includes(wanted());
  const marks = globalThis.Highlight && CSS.highlights ? new Highlight() : null;
  let at = -1, looking = 0;
  function look() {
    at = -1;
    marks?.clear();
    if (marks) CSS.highlights.set("found", marks);
    let hits = 0;
    for (const line of view.children) hits += sift(line);
    setText(found, wanted() ? many(hits, "line") : "");
    if (!paused && filtering.checked) bottom();
  }
  function sift(line) {
    const is = matches(line);
    setHidden(line, !is && filtering.checked);
    line.classList.toggle("hit", is && wanted() !== "");
    if (is && wanted() && marks) {
      const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let text; (text = walk.nextNode());) {
        const within = text.data.toLowerCase();
        for (let from = within.indexOf(wanted()); from >= 0; from = within.indexOf(wanted(), from + wanted().length)) {
          const range = new Range();
          range.setStart(text, from);
          range.setEnd(text, Math.min(from + wanted().length, text.length));
          marks.add(range);
        }
      }
    }
    return is;
  }
  function step(by) {
    const hits = view.getElementsByClassName("hit");
    if (!hits.length) return;
    hits[at]?.classList.remove("here");
    at = at < 0 ? (by > 0 ? 0 : hits.length - 1) : (at + by + hits.length) % hits.length;
    hits[at].classList.add("here");
    hits[at].scrollIntoView({ block: "center" });
    setText(found, `${at + 1} of ${hits.length}`);
  }

  // A writer of lines for one stream, which remembers what the last piece left unfinished.
  function writer(tag) {
    let style = "", rest = "", line = null;
    return (text) => {
      const stay = !paused && isAtEnd();
      const lines = (rest + text).split("\n");
      rest = "";
      // An escape that is cut in two waits for its end.
      const last = lines.length - 1, cut = lines[last].search(/\x1b(\[[0-9;?]*)?$/);
      if (cut >= 0) { rest = lines[last].slice(cut); lines[last] = lines[last].slice(0, cut); }
      const target = paused ? held : view;
      lines.forEach((text, index) => {
        if (!line && (text || index < last)) {
          line = el(tag === "stderr" ? "div.err" : "div", {}, tag ? el("span.tag", {}, `${tag} `) : null);
          target.append(line);
          if (paused) waiting++;
        }
        if (line) { style = colour(line, text, style); sift(line); }
        if (index < last) line = null;
      });
      while (held.childElementCount > MOST_LINES) held.firstChild.remove();
      if (paused) { setText(newest, `↓ ${many(waiting, "new line")}`); setHidden(newest, false); return; }
      trim();
      if (stay || first) bottom();
      if (wanted() && !looking) looking = setTimeout(() => { looking = 0; setText(found, many([...view.children].filter(matches).length, "line")); }, 300);
    };
  }
  async function follow(channel, tag, signal) {
    const write = writer(tag);
    try {
      const reply = await fetch(`web/log?${of({ channel, head })}`, { signal });
      if (!reply.ok) throw new Error(reply.status === 404 ? "There is no log file yet." : `The daemon answers with status ${reply.status}.`);
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let bytes = 0; ;) {
        const { done, value } = await reader.read();
        if (done) break;
        bytes += value.length;
        if (bytes > head * 0.9 && head < MORE && first) setHidden(earlier, false);
        write(value);
      }
      if (!signal.aborted) write("\n— here the connection ended —\n");
    } catch (error) {
      if (error.name !== "AbortError") write(`— ${error.message} —\n`);
    }
  }
  // Another log is followed; the first one is paused when somebody said so before it was there.
  async function begin(isFirst = false) {
    ending?.abort();
    const mine = ending = new AbortController();
    view.replaceChildren();
    held.replaceChildren();
    setHidden(earlier, true);
    setHidden(newest, true);
    if (paused && !isFirst) hold(false);
    first = true;
    setTimeout(() => { first = false; }, 1500);
    const [channel, old] = choice.value.split(".");
    pause.disabled = Boolean(old);
    download.href = `web/file?${of({ channel: channel === "both" ? "stdout" : channel, old: old || 0 })}`;
    if (old) {
      const reply = await fetch(`web/file?${of({ channel, old, last: ROTATED })}`, { signal: mine.signal }).catch(() => null);
      if (reply) writer("")(reply.ok ? await reply.text() : "— The file is gone. —\n");
    } else if (channel === "both") {
      channels.forEach((one) => follow(one, one, mine.signal));
    } else {
      follow(channel, "", mine.signal);
    }
  }
  let isChosen = false;
  async function list() {
    const files = await (await fetch(`web/logs?${of({})}`)).json();
    const olds = files.filter((file) => file.old);
    rotated.replaceChildren(...olds.map((file) => el("option", { value: `${file.channel}.${file.old}` }, `${file.channel}.${file.old} – ${size(file.size)}, until ${dateOf(file.at)}`)));
    if (olds.length && !rotated.parentNode) choice.append(rotated);
    if (!olds.length) rotated.remove();
    // One that has said nothing is not what somebody wants to read.
    const said = files.filter((file) => !file.old && file.size).map((file) => file.channel);
    if (!isChosen && said.length === 1 && channels.includes(said[0])) choice.value = said[0];
    isChosen = true;
  }
  choice.addEventListener("pointerdown", () => list().catch(() => {}));
  choice.addEventListener("focus", () => list().catch(() => {}));
  place.replaceChildren(
    el("div.bar", {}, choice, pause, search, el("label", {}, filtering, " matching lines only"), el("label.wide", {}, wrap, " wrap"), found, el("span.grow"), download),
    el("div.logs", {}, earlier, view, newest));
  place.keys = { f: () => !pause.disabled && pause.click(), "/": () => search.focus() };
  const listing = setInterval(() => { if (!document.hidden) list().catch(() => {}); }, 15000);
  leave.set(place, () => { clearInterval(listing); ending?.abort(); CSS.highlights?.delete("found"); leave.delete(place); place.keys = null; isLeft = true; });
  list().catch(() => {}).then(() => { if (!isLeft) begin(true); });
}

// Adds a line with its colours; gives the style that the next piece begins with.
function colour(line, text, style) {
  // What a carriage return takes back is not shown.
  const back = text.replace(/\r+$/, "").lastIndexOf("\r");
  if (back >= 0) text = text.slice(back + 1);
  // eslint-disable-next-line no-control-regex
  const pattern = /\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.|[\x00-\x08\x0b-\x1f\x7f]/g;
  let from = 0;
  const put = (upto) => {
    const piece = text.slice(from, upto);
    if (piece) line.append(style ? el(`span.${style.trim().replace(/ +/g, ".")}`, {}, piece) : piece);
  };
  for (const match of text.matchAll(pattern)) {
    put(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") style = restyle(style, match[1]);
  }
  put(text.length);
  return style;
}
function restyle(style, codes) {
  const classes = new Set(style.split(" ").filter(Boolean));
  const without = (first) => [...classes].forEach((name) => { if (name[0] === first && name.length === 2) classes.delete(name); });
  const numbers = codes.split(";").map(Number);
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at];
    if (code === 0) classes.clear();
    else if (code === 1) classes.add("b");
    else if (code === 2) classes.add("d");
    else if (code === 3) classes.add("i");
    else if (code === 4) classes.add("u");
    else if (code === 22) { classes.delete("b"); classes.delete("d"); }
    else if (code === 23) classes.delete("i");
    else if (code === 24) classes.delete("u");
    else if (code === 38 || code === 48) {
      const kind = code === 38 ? "c" : "k";
      without(kind);
      if (numbers[at + 1] === 5 && numbers[at + 2] < 16) classes.add(`${kind}${numbers[at + 2] % 8}`);
      at += numbers[at + 1] === 5 ? 2 : 4;
    } else if (code === 39 || code === 49) without(code === 39 ? "c" : "k");
    else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) { without("c"); classes.add(`c${code % 10}`); }
    else if ((code >= 40 && code < 48) || (code >= 100 && code < 108)) { without("k"); classes.add(`k${code % 10}`); }
  }
  return [...classes].join(" ");
}
