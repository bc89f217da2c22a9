/** The page: what it shows, when it asks, what its buttons do. All it knows comes through gateway.js. */

import { Events, Soon, ask, path } from "./gateway.js";
import { clientRow, foundRow, jobRow, logLine, newcomerRow, printerCard, rejectedRow, webhookRow } from "./rows.js";
import { Rows, tick } from "./view.js";

const EVENTS_PAUSE_MS = 250;
const LOOK_EVERY_MS = 3000;
const FIRST_LOOK_S = 3;
const PAGE_OF_JOBS = 100;
const MOST_JOBS = 1000;
const MOST_LINES = 500;
const NOTICE_MS = 8000;

const at = (id) => document.getElementById(id);

const names = new Map();
const shown = { jobs: PAGE_OF_JOBS, line: 0, looks: false };

const printers = new Rows(at("printers"), (one) => printerCard(one, actOn("printers", one.id)), at("no-printers"));
const unadopted = new Rows(at("unadopted"), (one) => newcomerRow(one, (verb, name) => letIn(one, verb, name)));
const rejected = new Rows(at("rejected"), (one) => rejectedRow(one, (verb) => letIn(one, verb)));
const found = new Rows(at("found"), (one) => foundRow(one, (verb, name) => act("POST", path("discovered", one.id, verb), { name })));
const webhooks = new Rows(at("webhooks"), (one) => webhookRow(one, actOn("webhooks", one.name)));
const held = new Rows(at("held"), (one) => jobRow(one, actOn("jobs", one.id)));
const jobs = new Rows(at("jobs"), (one) => jobRow(one, actOn("jobs", one.id)), at("no-jobs"));
const clients = new Rows(at("clients"), (one) => clientRow(one, () => act("DELETE", path("clients", one.id))), at("no-clients"));

const printersSoon = new Soon(() => tried(lookAtPrinters), EVENTS_PAUSE_MS);
const jobsSoon = new Soon(() => tried(lookAtJobs), EVENTS_PAUSE_MS);
const restSoon = new Soon(() => tried(lookAtRest), 0);

// --- what it asks

async function lookAtPrinters() {
  const answer = await ask("GET", "/v1/printers");
  const before = JSON.stringify([...names]);
  for (const printer of answer.printers) names.set(printer.id, printer.name);
  if (JSON.stringify([...names]) !== before) jobsSoon.ask(); // lists of jobs name their printers by id only
  printers.show(answer.printers);
  printersSoon.pauseMs = EVENTS_PAUSE_MS + answer.printers.length; // a long list is not asked for at each label
}

async function lookAtJobs() {
  const state = at("filter").value;
  const [newest, doubtful] = await Promise.all([
    ask("GET", `/v1/jobs?limit=${shown.jobs}${state ? `&state=${state}` : ""}`),
    ask("GET", `/v1/jobs?limit=${MOST_JOBS}&state=held`),
  ]);
  const named = (job) => ({ ...job, printer_name: job.printer_name ?? names.get(job.printer) });
  held.show(doubtful.jobs.map(named));
  at("held-section").hidden = doubtful.jobs.length === 0;
  document.title = doubtful.jobs.length ? `(${doubtful.jobs.length}) Fanfold` : "Fanfold";
  jobs.show(newest.jobs.filter((job) => state || job.state !== "held").map(named));
  at("older").hidden = newest.next === null || shown.jobs >= MOST_JOBS;
}

async function lookAtRest() {
  const health = await ask("GET", "/v1/health");
  at("version").textContent = health.version;
  at("problems").textContent = health.problems.join(" · ");
  at("problems").hidden = health.problems.length === 0;
  clients.show((await ask("GET", "/v1/clients")).clients);
  await lookAtNewcomers();
  if (shown.looks) await lookAtFound(0);
  await lookAtWebhooks();
  await lookAtLog();
}

async function lookAtNewcomers() {
  const answer = await ask("GET", "/v1/unadopted");
  unadopted.show(answer.newcomers.map((one) => ({ ...one, id: JSON.stringify([one.uri, one.identity]) })));
  rejected.show(answer.rejected.map((uri) => ({ id: uri, uri })));
  at("rejected-section").hidden = answer.rejected.length === 0;
  at("unadopted-section").hidden = answer.newcomers.length + answer.rejected.length === 0;
}

async function lookAtFound(wait) {
  const answer = await ask("GET", `/v1/discovered?wait_s=${wait}`);
  const fresh = answer.devices.filter((one) => one.printers.length === 0);
  found.show(fresh);
  at("found-hint").hidden = fresh.length === 0;
  at("no-found").hidden = fresh.length > 0;
  at("found-notes").textContent = answer.notes.join(" · ");
  at("found-notes").hidden = answer.notes.length === 0;
}

async function lookAtWebhooks() {
  const answer = await ask("GET", "/v1/webhooks");
  webhooks.show(answer.webhooks.map((one) => ({ ...one, id: one.name })));
  at("webhooks-section").hidden = answer.webhooks.length === 0;
}

async function lookAtLog() {
  const log = at("log");
  const answer = await ask("GET", `/v1/log?after=${shown.line}`);
  if (answer.last < shown.line) {
    shown.line = 0; // the gateway began anew, and so do its lines
    log.replaceChildren();
    return restSoon.ask();
  }
  shown.line = answer.last;
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.append(...answer.lines.slice(-MOST_LINES).map(logLine));
  while (log.children.length > MOST_LINES) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
  return undefined;
}

function lookAtAll() {
  printersSoon.ask();
  jobsSoon.ask();
  restSoon.ask();
}

// --- what its buttons do

const actOn = (kind, id) => (verb) => act("POST", path(kind, id, verb));

/** Let in who asks for it, as the one who proved this, or reject it. */
function letIn({ uri, identity = "" }, verb, name = "") {
  if (verb === "reject") return act("POST", path("unadopted", uri, "reject"));
  return act("POST", path("adoptions"), { adoptions: [{ device: uri, name, identity }] });
}

async function act(method, where, fields) {
  await tried(() => ask(method, where, fields));
  lookAtAll();
}

/** Do it; what goes wrong is said on the page. */
async function tried(work) {
  try {
    await work();
  } catch (fault) {
    say(fault instanceof TypeError ? "The gateway does not answer." : fault.message);
  }
}

function say(words) {
  const notice = at("notice");
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(shown.notice);
  shown.notice = setTimeout(() => (notice.hidden = true), NOTICE_MS);
}

/** Nothing is sent into the network before a person asks; from then on the list is kept up to date. */
async function lookForPrinters() {
  at("look").disabled = true;
  at("look").textContent = "Looking …";
  await tried(() => lookAtFound(FIRST_LOOK_S));
  shown.looks = true;
  at("look").hidden = true;
}

// --- what happens

function connection(state, words) {
  at("connection").dataset.state = state;
  at("connection").textContent = words;
}

const events = new Events({
  up() {
    connection("live", "Live");
    lookAtAll();
  },
  event(event) {
    printersSoon.ask(); // its counts of jobs change with each job
    if (event.kind === "job-changed") jobsSoon.ask();
  },
  down() {
    connection("lost", `Connection lost at ${new Date().toLocaleTimeString()}; what stands here is from before. Trying again …`);
  },
});

at("look").addEventListener("click", lookForPrinters);
at("filter").addEventListener("change", () => {
  shown.jobs = PAGE_OF_JOBS;
  jobsSoon.ask();
});
at("older").addEventListener("click", () => {
  shown.jobs = Math.min(shown.jobs + PAGE_OF_JOBS, MOST_JOBS);
  jobsSoon.ask();
});
setInterval(() => {
  tick();
  if (!document.hidden && at("connection").dataset.state === "live") restSoon.ask();
}, LOOK_EVERY_MS);
document.addEventListener("visibilitychange", () => document.hidden || lookAtAll());
events.connect();
