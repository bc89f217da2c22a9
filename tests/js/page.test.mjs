// The whole page, over a document and a gateway that are doubles.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { openDocument } from "./dom.mjs";

const NOON = "2026-03-01T12:00:00Z";
const printer = {
  id: "p 1", name: "P1", uri: "file:/paper", state: "idle", reasons: [], message: "", reachable: "up", status_source: "lane",
  status_at: NOON, paused: false, paused_because: "", waiting_jobs: 0, held_jobs: 0,
};
const job = {
  id: "j1", printer: "p 1", state: "completed", reasons: [], message: "", evidence: "sent", attempt: 1, sent_bytes: 10, title: "Receipt",
  copies: 1, media_type: "text/plain", language: "", size_bytes: 10, document_kept: true, created_at: NOON, changed_at: NOON,
  dialect: "native", owner: "local",
};
const doubtful = { ...job, id: "j2", state: "held", evidence: "none", reasons: ["delivery-uncertain"], title: "Label" };

let gateway;
let clock;
let pages = 0;

class Gateway {
  constructor() {
    this.asked = [];
    this.told = [];
    this.sockets = [];
    this.answers = {
      "/v1/printers": { printers: [printer] },
      "/v1/clients": { clients: [] },
      "/v1/unadopted": { newcomers: [], rejected: [] },
      "/v1/webhooks": { webhooks: [] },
      "/v1/health": { ok: true, version: "9.9", uptime_s: 1, problems: [] },
    };
    this.jobs = [job];
    this.held = [];
    this.lines = [];
    this.next = null;
  }

  async fetch(where, { method, headers, body }) {
    this.asked.push(`${method} ${where}`);
    if (body) this.told.push({ where, type: headers["Content-Type"], fields: JSON.parse(body) });
    const answer = this.answer(method, new URL(where, "http://gateway"));
    return { ok: answer.status === undefined || answer.status < 400, status: answer.status ?? 200, json: async () => answer };
  }

  answer(method, url) {
    const prepared = this.answers[`${method} ${url.pathname}`] ?? this.answers[url.pathname];
    if (prepared instanceof Error) throw prepared;
    if (prepared) return prepared;
    if (url.pathname === "/v1/jobs") {
      const jobs = url.searchParams.get("state") === "held" ? this.held : [...this.held, ...this.jobs];
      return { jobs, next: this.next };
    }
    if (url.pathname === "/v1/log") {
      const after = Number(url.searchParams.get("after"));
      return { lines: this.lines.filter((line) => line.number > after), last: this.lines.at(-1)?.number ?? 0 };
    }
    return {};
  }

  get socket() {
    return this.sockets.at(-1);
  }
}

class Socket {
  constructor(address, protocol) {
    Object.assign(this, { address: String(address), protocol, sent: [] });
    gateway.sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.onclose();
  }
  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

/** A clock that stands until the test moves it. */
class Clock {
  #now = 0;
  #due = new Map();
  #ids = 0;

  after(work, wait, every = 0) {
    this.#due.set((this.#ids += 1), { work, every, at: this.#now + wait });
    return this.#ids;
  }

  forget(id) {
    this.#due.delete(id);
  }

  move(ms) {
    this.#now += ms;
    for (const [id, timer] of [...this.#due]) {
      if (timer.at > this.#now) continue;
      if (timer.every) timer.at += timer.every;
      else this.#due.delete(id);
      timer.work();
    }
  }
}

const at = (id) => document.getElementById(id);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Let all that is due soon happen. */
async function pass(ms = 1000) {
  for (let round = 0; round < 10; round += 1) {
    clock.move(ms / 10);
    await settled();
    await settled();
  }
}

async function openPage() {
  pages += 1;
  await import(new URL(`../../web/page.js?${pages}`, import.meta.url));
  gateway.socket.onopen();
  gateway.socket.say({ id: 1, result: {} });
  await pass();
}

beforeEach(() => {
  clock = new Clock();
  globalThis.setTimeout = (work, wait) => clock.after(work, wait);
  globalThis.clearTimeout = (id) => clock.forget(id);
  globalThis.setInterval = (work, every) => clock.after(work, every, every);
  gateway = new Gateway();
  globalThis.document = openDocument();
  globalThis.location = { href: "http://gateway/" };
  globalThis.fetch = (where, how) => gateway.fetch(where, how);
  globalThis.WebSocket = Socket;
});

test("the page shows printers, jobs and the gateway's version, and hears events by our protocol", async () => {
  await openPage();
  assert.equal(gateway.socket.address, "ws://gateway/v1/ws");
  assert.equal(gateway.socket.protocol, "fanfold.v1");
  assert.deepEqual(gateway.socket.sent, [{ id: 1, call: "events.subscribe", params: {} }]);
  assert.match(at("printers").textContent, /P1/);
  assert.match(at("jobs").textContent, /P1 Receipt.*sent: not proof of paper/);
  assert.equal(at("version").textContent, "9.9");
  assert.equal(at("connection").textContent, "Live");
  assert.equal(at("held-section").hidden, true);
});

test("held jobs stand on top with the decision, which goes to the gateway", async () => {
  gateway.held = [doubtful];
  await openPage();
  assert.equal(at("held-section").hidden, false);
  assert.match(at("held").textContent, /may have printed; decide/);
  assert.doesNotMatch(at("jobs").textContent, /Label/);
  assert.equal(document.title, "(1) Fanfold");
  await at("held").button("assume-printed").fire();
  assert.ok(gateway.asked.includes("POST /v1/jobs/j2/assume-printed"));
});

test("verbs name their printer safely, and a refusal is shown in the gateway's words", async () => {
  await openPage();
  gateway.answers["POST /v1/printers/p%201/pause"] = { status: 503, code: "store-failed", detail: "The disk failed; look at it." };
  await at("printers").button("pause").fire();
  assert.equal(at("notice").textContent, "The disk failed; look at it.");
  assert.equal(at("notice").hidden, false);
  await pass(10000);
  assert.equal(at("notice").hidden, true);
});

test("many events bring one look", async () => {
  await openPage();
  gateway.asked.length = 0;
  for (let id = 1; id <= 50; id += 1) gateway.socket.say({ event: { id, kind: "job-changed" } });
  await pass(500);
  const looks = gateway.asked.filter((one) => one === "GET /v1/jobs?limit=100");
  assert.equal(looks.length, 1);
});

test("a lost connection is said, tried again, and resumed after the last event", async () => {
  await openPage();
  gateway.socket.say({ event: { id: 41, kind: "printer-changed" } });
  gateway.socket.onclose();
  assert.match(at("connection").textContent, /Connection lost/);
  await pass();
  assert.equal(gateway.sockets.length, 2);
  gateway.socket.onopen();
  assert.deepEqual(gateway.socket.sent[0].params, { after: 41 });
  gateway.socket.say({ id: 1, result: {} });
  assert.equal(at("connection").textContent, "Live");
});

test("a gateway that cannot be reached at all says so once and is tried for ever", async () => {
  await openPage();
  gateway.answers["/v1/printers"] = new TypeError("fetch failed");
  gateway.socket.say({ event: { id: 1, kind: "printer-changed" } });
  await pass();
  assert.equal(at("notice").textContent, "The gateway does not answer.");
  for (let round = 1; round < 8; round += 1) {
    gateway.socket.onclose();
    await pass(20000);
  }
  assert.equal(gateway.sockets.length, 8);
});

test("log lines are added as they come, and begin anew with the gateway", async () => {
  gateway.lines = [{ number: 1, at: NOON, level: "info", text: "one" }, { number: 2, at: NOON, level: "error", text: "two" }];
  await openPage();
  gateway.lines.push({ number: 3, at: NOON, level: "info", text: "three" });
  await pass(4000);
  assert.deepEqual(at("log").children.map((line) => line.textContent.split(" ").at(-1)), ["one", "two", "three"]);
  gateway.lines = [{ number: 1, at: NOON, level: "info", text: "anew" }];
  await pass(4000);
  assert.deepEqual(at("log").children.map((line) => line.textContent.split(" ").at(-1)), ["anew"]);
});

test("problems of the gateway are a banner", async () => {
  gateway.answers["/v1/health"] = { status: 503, ok: false, version: "9.9", uptime_s: 1, problems: ["The disk is full."] };
  await openPage();
  assert.equal(at("problems").textContent, "The disk is full.");
  assert.equal(at("problems").hidden, false);
});

test("older jobs and one state can be asked for", async () => {
  gateway.next = "cursor";
  await openPage();
  assert.equal(at("older").hidden, false);
  at("older").fire();
  await pass();
  assert.ok(gateway.asked.includes("GET /v1/jobs?limit=200"));
  at("filter").value = "canceled";
  at("filter").fire("change");
  await pass();
  assert.ok(gateway.asked.includes("GET /v1/jobs?limit=100&state=canceled"));
});

test("a client can be disconnected", async () => {
  gateway.answers["/v1/clients"] = {
    clients: [{ id: "c1", address: "127.0.0.1", origin: "https://shop.example", dialect: "printerwebsocket", since: NOON, jobs: 1 }],
  };
  await openPage();
  assert.match(at("clients").textContent, /https:\/\/shop.example from 127.0.0.1/);
  await at("clients").button("disconnect").fire();
  assert.ok(gateway.asked.includes("DELETE /v1/clients/c1"));
});

const newcomer = {
  uri: "weblink:50J1", serial: "50J1", name: "Dock 4", info: "ZD420, V84", peer: "192.0.2.7", identity: "user:dock", since: NOON,
};

test("nothing is said of newcomers and webhooks where there are none", async () => {
  await openPage();
  assert.equal(at("unadopted-section").hidden, true);
  assert.equal(at("webhooks-section").hidden, true);
});

test("a newcomer is shown with what it says and what it proved, and is let in by that under a name", async () => {
  gateway.answers["/v1/unadopted"] = { newcomers: [newcomer, { ...newcomer, identity: "none", peer: "192.0.2.8" }], rejected: [] };
  await openPage();
  assert.equal(at("unadopted-section").hidden, false);
  assert.equal(at("rejected-section").hidden, true);
  const [first, second] = at("unadopted").children;
  assert.match(first.textContent, /Dock 4 50J1says it is ZD420, V84 · from 192.0.2.7proved user:dock/);
  assert.match(second.textContent, /proved nothing/);
  first.all((one) => one.tag === "input")[0].value = " Hall 7 ";
  await first.button("adopt").fire();
  await second.button("adopt").fire();
  assert.deepEqual(gateway.told, [
    { where: "/v1/adoptions", type: "application/json", fields: { adoptions: [{ device: "weblink:50J1", name: "Hall 7", identity: "user:dock" }] } },
    { where: "/v1/adoptions", type: "application/json", fields: { adoptions: [{ device: "weblink:50J1", name: "", identity: "none" }] } },
  ]);
});

test("a name that is being typed stays while the page looks again", async () => {
  gateway.answers["/v1/unadopted"] = { newcomers: [newcomer], rejected: [] };
  await openPage();
  const [row] = at("unadopted").children;
  gateway.answers["/v1/unadopted"] = { newcomers: [newcomer, { ...newcomer, uri: "weblink:50J2", serial: "50J2" }], rejected: [] };
  await pass(4000);
  assert.equal(at("unadopted").children.length, 2);
  assert.equal(at("unadopted").children[0], row);
});

test("a newcomer is rejected, and who was rejected may be let in after all", async () => {
  gateway.answers["/v1/unadopted"] = { newcomers: [newcomer], rejected: ["weblink:a/b"] };
  await openPage();
  await at("unadopted").button("reject").fire();
  assert.ok(gateway.asked.includes("POST /v1/unadopted/weblink%3A50J1/reject"));
  assert.equal(at("rejected-section").hidden, false);
  await at("rejected").button("adopt").fire();
  assert.deepEqual(gateway.told[0].fields, { adoptions: [{ device: "weblink:a/b", name: "", identity: "" }] });
});

test("a refused adoption is told in the gateway's words", async () => {
  gateway.answers["/v1/unadopted"] = { newcomers: [newcomer], rejected: [] };
  gateway.answers["POST /v1/adoptions"] = { status: 409, code: "name-taken", detail: "A printer answers to Dock 4 already." };
  await openPage();
  await at("unadopted").button("adopt").fire();
  assert.equal(at("notice").textContent, "A printer answers to Dock 4 already.");
});

test("a printer that dials in shows what it is and its channels", async () => {
  gateway.answers["/v1/printers"] = { printers: [{ ...printer, info: "ZD420, V84", channels: ["main", "raw"] }] };
  await openPage();
  assert.match(at("printers").textContent, /ZD420, V84 · dialled in: main, raw/);
});

test("webhooks show how they stand, and what was given up is tried again by a button", async () => {
  const webhook = { name: "erp one", url: "https://erp.example/hook", behind: 0, dead: 0, last_success_at: NOON, trouble: "" };
  const late = { ...webhook, name: "late", behind: 3, dead: 2, last_success_at: null, trouble: "it answers 500" };
  gateway.answers["/v1/webhooks"] = { webhooks: [webhook, late] };
  await openPage();
  assert.equal(at("webhooks-section").hidden, false);
  const [fine, behind] = at("webhooks").children;
  assert.match(fine.textContent, /erp one https:\/\/erp.example\/hookall toldlast taken/);
  assert.equal(fine.button("retry"), undefined);
  assert.match(behind.textContent, /3 not told yet · 2 given up · it answers 500nothing taken yet/);
  await behind.button("retry").fire();
  assert.ok(gateway.asked.includes("POST /v1/webhooks/late/retry"));
});

test("the list of thousands of printers is not asked for at each label", async () => {
  const many = Array.from({ length: 2000 }, (_, number) => ({ ...printer, id: `p${number}` }));
  gateway.answers["/v1/printers"] = { printers: many };
  await openPage();
  gateway.asked.length = 0;
  for (let id = 1; id <= 40; id += 1) {
    gateway.socket.say({ event: { id, kind: "job-changed" } });
    await pass(50);
  }
  const looks = gateway.asked.filter((one) => one === "GET /v1/printers").length;
  assert.ok(looks <= 1, `${looks} looks in 2 s`);
});
