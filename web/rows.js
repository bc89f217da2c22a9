/** How printers, newcomers, devices, jobs, clients, webhooks and log lines look. Knows no network: `act` does what a button says. */

import { el, since } from "./view.js";
import * as words from "./words.js";

function button(verb, act) {
  const [says, means] = words.label(verb);
  const click = async (event) => {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    await act(verb);
    pressed.disabled = false;
  };
  return el("button", { type: "button", title: means, "data-verb": verb, click }, says);
}

const buttons = (verbs, act) => el("div", { class: "verbs" }, ...verbs.map((verb) => button(verb, act)));

const chip = (text, mood) => el("span", { class: "chip", "data-mood": mood }, text);

export function printerCard(printer, act) {
  const state = printer.paused ? "paused" : printer.state;
  const reasons = [...new Set([...printer.reasons, ...(printer.paused ? ["paused"] : [])])].join(", ");
  const waiting = printer.waiting_jobs ? `${printer.waiting_jobs} waiting` : "";
  const held = printer.held_jobs ? `${printer.held_jobs} held` : "";
  const source = printer.status_source === "lane" ? "" : `by ${printer.status_source}, `;
  const known = [`as of ${source}`, since(printer.status_at)];
  return el(
    "li",
    { "data-mood": words.mood(printer) },
    el("div", { class: "head" }, el("h3", {}, printer.name), chip(state, words.mood(printer))),
    el("p", { class: "why" }, [printer.message || printer.paused_because, reasons].filter(Boolean).join(" · ")),
    el("p", { class: "quiet" }, words.reach(printer), " · ", ...(printer.status_at ? known : ["state not known yet"])),
    el("p", { class: "quiet" }, [words.kind(printer), words.channels(printer)].filter(Boolean).join(" · ")),
    el("p", { class: "counts" }, [waiting, held].filter(Boolean).join(" · ")),
    el("p", { class: "quiet uri" }, printer.uri),
    buttons(words.printerVerbs(printer), act),
  );
}

/** `act(verb, name)`: the name is what a person wants to call it, empty where it may choose. */
export function newcomerRow(newcomer, act) {
  const { serial } = newcomer;
  const called = newcomer.name || serial;
  const name = el("input", { type: "text", maxlength: "255", placeholder: called, "aria-label": `Name for ${serial}` });
  const isProved = newcomer.identity && newcomer.identity !== "none";
  return el(
    "li",
    {},
    chip("unadopted", "waiting"),
    el(
      "div",
      { class: "what" },
      el("p", {}, el("b", {}, el("bdi", {}, called)), " ", el("code", {}, serial)),
      el("p", { class: "why" }, "says it is ", el("bdi", {}, newcomer.info || "nothing"), " · from ", newcomer.peer),
      el("p", isProved ? { class: "quiet" } : { class: "doubt" }, words.proof(newcomer), " · since ", since(newcomer.since)),
    ),
    el("div", { class: "verbs" }, name, button("adopt", (verb) => act(verb, name.value.trim())), button("reject", act)),
  );
}

/** `act(verb, name)`: as for a newcomer. */
export function foundRow(device, act) {
  const name = el("input", { type: "text", maxlength: "200", placeholder: device.name, "aria-label": `Name for ${device.name}` });
  const [best, ...others] = device.ways;
  return el(
    "li",
    {},
    chip(words.seen(best), "done"),
    el(
      "div",
      { class: "what" },
      el("p", {}, el("b", {}, el("bdi", {}, device.name)), " ", el("code", {}, best.uri)),
      el("p", { class: "why" }, el("bdi", {}, words.saysOfItself(device) || "says nothing of itself")),
      el("p", { class: "quiet uri" }, others.map((way) => way.uri).join(", ")),
    ),
    el("div", { class: "verbs" }, name, button("add", (verb) => act(verb, name.value.trim()))),
  );
}

export function rejectedRow(rejected, act) {
  return el("li", {}, chip("rejected", "bad"), el("div", { class: "what" }, el("code", {}, rejected.uri)), buttons(["adopt"], act));
}

export function webhookRow(webhook, act) {
  return el(
    "li",
    { "data-mood": words.webhookMood(webhook) },
    chip(webhook.trouble ? "in trouble" : "webhook", words.webhookMood(webhook)),
    el(
      "div",
      { class: "what" },
      el("p", {}, el("b", {}, webhook.name), " ", el("span", { class: "quiet uri" }, webhook.url)),
      el("p", { class: "why" }, words.delivery(webhook)),
      el("p", { class: "quiet" }, ...(webhook.last_success_at ? ["last taken ", since(webhook.last_success_at)] : ["nothing taken yet"])),
    ),
    buttons(webhook.dead ? ["retry"] : [], act),
  );
}

export function jobRow(job, act) {
  const title = job.title || `${job.language || job.media_type}, ${words.size(job.size_bytes)}`;
  const copies = job.copies > 1 ? ` × ${job.copies}` : "";
  const doubt = words.inDoubt(job) ? el("strong", {}, "may have printed; decide") : "";
  const facts = [words.progress(job), words.evidence(job), words.why(job)].filter(Boolean).join(" · ");
  const from = [job.owner, job.dialect].filter(Boolean).join(" · ");
  return el(
    "li",
    { "data-mood": words.jobMood(job) },
    chip(job.state, words.jobMood(job)),
    el(
      "div",
      { class: "what" },
      el("p", {}, el("b", {}, el("bdi", {}, job.printer_name || job.printer)), " ", el("bdi", {}, title), copies),
      el("p", { class: "why" }, doubt, doubt && facts ? " · " : "", facts),
      el("p", { class: "quiet" }, since(job.changed_at), " · from ", from, " · ", el("code", {}, job.id)),
    ),
    buttons(words.jobVerbs(job), act),
  );
}

export function clientRow(client, act) {
  const jobs = client.jobs === 1 ? "1 job" : `${client.jobs} jobs`;
  return el(
    "li",
    {},
    chip(client.dialect, "done"),
    el(
      "div",
      { class: "what" },
      el("p", {}, el("b", {}, client.origin || "no web page"), " from ", client.address),
      el("p", { class: "quiet" }, "connected ", since(client.since), ` · ${jobs}`),
    ),
    buttons(["disconnect"], act),
  );
}

export function logLine(line) {
  const at = new Date(line.at).toLocaleTimeString();
  return el("li", { "data-level": line.level.toLowerCase() }, el("span", { class: "quiet" }, at), " ", line.text);
}
