"use strict";
// The live page. It takes the place of the table that the server has sent and keeps itself true with server-sent events.
// These files are one script, in the order that assets.rs names them. No text of a process, a log or the daemon is ever made
// into markup: nodes are made one by one, and texts are text nodes.

// Words and numbers for people.

// A state is told by a sign, a word and a colour, so that none of them alone carries it. The worst comes first.
const STATES = ["FATAL", "BACKOFF", "UNKNOWN", "EXITED", "STARTING", "STOPPING", "STOPPED", "RUNNING"];
const SIGNS = { FATAL: "✕", BACKOFF: "↻", UNKNOWN: "?", EXITED: "◇", STARTING: "▲", STOPPING: "▼", STOPPED: "○", RUNNING: "●" };
const UP = ["RUNNING", "STARTING"];
const SIGNALS = { HUP: "reload", USR1: "user 1", USR2: "user 2", INT: "interrupt", TERM: "terminate", QUIT: "quit", CONT: "continue", STOP: "freeze", KILL: "kill at once" };

let skew = 0; // how far the daemon's clock is ahead of ours, in seconds
const clock = () => Date.now() / 1000 + skew;

function lasting(seconds) {
  seconds = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const time = `${Math.floor(seconds / 3600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days ? `${days} day${days > 1 ? "s" : ""}, ${time}` : time;
}
function ago(at) {
  const seconds = Math.max(0, Math.round(clock() - at));
  if (seconds < 100) return `${seconds} s ago`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}
const timeOf = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dateOf = (at) => (clock() - at < 43200 ? timeOf(at) : `${new Date(at * 1000).toLocaleDateString()} ${timeOf(at)}`);
const size = (n) => n < 1024 ? `${n} B` : n < 1 << 20 ? `${(n / 1024).toFixed(0)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;
const many = (n, one, more) => `${n} ${n === 1 ? one : more || `${one}s`}`;

const UNITS = { K: 1, M: 1024, G: 1048576 };
// Memory as the daemon tells it ("5.5 M") in KiB, and back.
const kib = (text) => text ? parseFloat(text) * UNITS[text.slice(-1)] : 0;
const memory = (n) => n >= 10485760 ? `${(n / 1048576).toFixed(0)} G` : n >= 1024 ? `${(n / 1024).toFixed(n < 10240 ? 1 : 0)} M` : `${n.toFixed(0)} K`;

const lastEnd = (row) => row.ends?.[row.ends.length - 1];
// What the description of a process says. Of a running one we count the time ourselves, and how one ended follows anyway.
function told(row) {
  if (UP.includes(row.state) && row.pid > 0) return `up ${lasting(clock() - row.start)}, pid ${row.pid}`;
  if (row.state === "EXITED" && lastEnd(row)) return "";
  if (row.state === "STOPPED" && row.stop) return `stopped ${ago(row.stop)}`;
  return row.told.replace(" (process log may have details)", "");
}

// How the last end of a process reads in its row; nothing when it says nothing that matters now.
function trouble(row) {
  const end = lastEnd(row);
  if (!end) return "";
  const fresh = clock() - end[0] < 600;
  if (UP.includes(row.state) ? !fresh || end[2] : row.state === "STOPPED") return "";
  const times = row.exits > row.ends.length ? row.exits : row.ends.filter((one) => one[2] === end[2]).length;
  return `${end[1].replace("terminated by ", "")}, ${ago(end[0])}${times > 1 ? `, ${times} times` : ""}`;
}

// What an exit status or a signal usually means, for whoever has just been woken up.
function meaning(words) {
  const [, kind, value] = /(exit status|terminated by) (\S+)/.exec(words) || [];
  if (kind === "terminated by") {
    return { SIGKILL: "Killed from outside: the kernel was out of memory, or it did not stop in time.", SIGSEGV: "It touched memory that is not its own: a crash.",
      SIGBUS: "It touched memory that is not there: a crash, or a file that was cut.", SIGABRT: "It gave up by itself: an assertion or a panic.", SIGILL: "It ran an instruction that this processor does not have.",
      SIGFPE: "A calculation that cannot be done, such as a division by zero.", SIGTERM: "Somebody asked it to end.", SIGINT: "Somebody interrupted it.", SIGHUP: "It was told to hang up and does not handle that.",
      SIGPIPE: "It wrote to somebody who had gone.", SIGXCPU: "It used up its processor time.", SIGSYS: "It made a system call that is forbidden to it." }[value] || "";
  }
  const code = Number(value);
  return { 0: "It says that all went well.", 64: "By sysexits(3): it was called with wrong arguments.", 69: "By sysexits(3): something that it needs is not available.", 70: "By sysexits(3): an error within the program.",
    73: "By sysexits(3): it cannot create a file.", 74: "By sysexits(3): an error of input or output.", 77: "By sysexits(3): permission denied.", 78: "By sysexits(3): its configuration is wrong.",
    126: "A shell found the command but could not run it.", 127: "A shell did not find the command." }[code] || (code > 128 && code < 160 ? `A shell says that signal ${code - 128} ended it.` : "");
}
