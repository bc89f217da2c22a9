/** Words for what the gateway knows, and what a person may do about it. Pure: knows no page and no network. */

const EVIDENCE = {
  none: "nothing proves that it reached the printer",
  sent: "sent: not proof of paper",
  delivered: "delivered: the printer or its spooler took every byte; not proof of paper",
  printed: "printed: the printer says that the pages came out",
};

const LABELS = {
  cancel: ["Cancel", "Stop it; it will not print by itself any more"],
  release: ["Print it again", "Nothing, or not all of it, came out"],
  "assume-printed": ["It came out", "Take it for printed"],
  reprint: ["Reprint", "Make a new job of the same document"],
  pause: ["Pause", "Let its jobs wait; what is being sent goes on"],
  resume: ["Resume", "Let its jobs go again"],
  test: ["Test page", "Print a small page in the printer's language"],
  disconnect: ["Disconnect", "End this connection; the client may connect again"],
  adopt: ["Let it in", "Make it a printer; from then on only who proves the same is it"],
  reject: ["Reject", "Never let it in, until it is let in after all"],
  add: ["Add", "Make it a printer, by the first of its ways"],
  retry: ["Try again", "Send all events that were given up once more"],
};

/** [what the button says, what it does] for one of the API's verbs. */
export const label = (verb) => LABELS[verb];

/** What is known of a job's paper, in words; empty while there is nothing to know yet. */
export function evidence(job) {
  if (job.state !== "completed" && job.evidence === "none") return "";
  if (job.state === "completed" && job.evidence === "none") return "taken for printed; nothing proves it";
  return EVIDENCE[job.evidence] ?? job.evidence_means ?? job.evidence;
}

/** The verbs that the job's state allows. */
export function jobVerbs(job) {
  if (job.state === "held") return ["assume-printed", "release", "cancel"];
  if (job.state === "pending" || job.state === "processing") return ["cancel"];
  return job.document_kept ? ["reprint"] : [];
}

/** The verbs that the printer's state allows. */
export const printerVerbs = (printer) => [printer.paused ? "resume" : "pause", "test"];

/** Whether a held job is in doubt, or waits for another reason. */
export const inDoubt = (job) => job.state === "held" && job.reasons.includes("delivery-uncertain");

/** Why it is so: the words for people, else the keywords. */
export const why = (thing) => thing.message || thing.reasons.join(", ");

/** How far a job being sent is; empty for others. */
export function progress(job) {
  const all = job.size_bytes * job.copies;
  if (job.state !== "processing" || !all) return "";
  return `${size(job.sent_bytes)} of ${size(all)} sent`;
}

/** A printer's state for the eye: `good`, `busy`, `bad`, `paused` or `unknown`. */
export function mood(printer) {
  if (printer.paused) return "paused";
  if (printer.reachable === "down" || printer.state === "stopped") return "bad";
  if (printer.reasons.some((reason) => reason.endsWith("-error"))) return "bad";
  return { idle: "good", processing: "busy" }[printer.state] ?? "unknown";
}

/** A job's state for the eye. */
export const jobMood = (job) =>
  ({ held: "doubt", pending: "waiting", processing: "busy", completed: job.evidence === "printed" ? "good" : "done" })[job.state] ??
  "bad";

/** How a printer answered when we last turned to it, in words. */
export const reach = (printer) =>
  ({ up: "reachable", down: "not reachable", unknown: "not tried yet" })[printer.reachable] ?? printer.reachable;

/** What a printer is: in its spooler's words, else as it was found to be; empty where nobody said. */
export function kind(printer) {
  const { make, model } = printer.traits ?? {};
  return printer.info || [make, model].filter(Boolean).join(" ");
}

/** Which channels of a printer that dials in are open; empty for others. */
export const channels = (printer) => (printer.channels?.length ? `dialled in: ${printer.channels.join(", ")}` : "");

/** What a newcomer proved, in words. */
export const proof = (newcomer) =>
  newcomer.identity && newcomer.identity !== "none" ? `proved ${newcomer.identity}` : "proved nothing: anyone may claim this serial";

/** What a device is, as it says: maker, model and languages. */
export const device = ({ make, model, languages }) =>
  [[model.toLowerCase().startsWith(make.toLowerCase()) ? "" : make, model].filter(Boolean).join(" "), languages.join(", ")]
    .filter(Boolean)
    .join(" · ");

/** What a device says beside its name, and nothing of it twice. */
export function saysOfItself({ traits, info }) {
  const said = device(traits);
  return [said, said.includes(info) ? "" : info].filter(Boolean).join(" · ");
}

/** Where a device was seen, in words. */
export const seen = (way) => ({ mdns: "network", usb: "USB", cups: "CUPS", winspool: "Windows" })[way.seen_by] ?? way.seen_by;

/** How a webhook stands, in words. */
export function delivery(webhook) {
  const behind = webhook.behind ? `${webhook.behind} not told yet` : "";
  const dead = webhook.dead ? `${webhook.dead} given up` : "";
  return [behind, dead, webhook.trouble].filter(Boolean).join(" · ") || "all told";
}

/** A webhook's state for the eye. */
export function webhookMood(webhook) {
  if (webhook.trouble || webhook.dead) return "bad";
  return webhook.behind ? "busy" : "good";
}

/** How long ago, in words that get coarser. `now` in milliseconds. */
export function age(at, now) {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 5) return "just now";
  const units = [[60, "s"], [3600, "min", 60], [86400, "h", 3600], [Infinity, "d", 86400]];
  const [, unit, divisor = 1] = units.find(([limit]) => seconds < limit);
  return `${Math.floor(seconds / divisor)} ${unit} ago`;
}

/** A number of bytes, in words. */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const units = ["KiB", "MiB", "GiB"];
  let value = bytes / 1024;
  while (value >= 1024 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[0]}`;
}
