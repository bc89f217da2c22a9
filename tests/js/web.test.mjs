import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { Element, openDocument } from "./dom.mjs";

const WEB = new URL("../../web/", import.meta.url);
globalThis.document = openDocument();
const words = await import(new URL("words.js", WEB));
const { Rows, el } = await import(new URL("view.js", WEB));
const { clientRow, foundRow, jobRow, logLine, newcomerRow, printerCard, rejectedRow, webhookRow } = await import(new URL("rows.js", WEB));
const { Soon, path } = await import(new URL("gateway.js", WEB));

const NOON = "2026-03-01T12:00:00Z";
const nothing = async () => {};
const aJob = (more = {}) => ({
  id: "j1", printer: "p1", printer_name: "P1", state: "completed", reasons: [], message: "", evidence: "sent", attempt: 1,
  sent_bytes: 10, title: "Receipt", copies: 1, media_type: "text/plain", language: "", size_bytes: 10, document_kept: true,
  created_at: NOON, changed_at: NOON, dialect: "native", owner: "local", ...more,
});
const aPrinter = (more = {}) => ({
  id: "p1", name: "P1", uri: "file:/paper", state: "idle", reasons: [], message: "", reachable: "up", status_source: "lane",
  status_at: NOON, paused: false, paused_because: "", waiting_jobs: 0, held_jobs: 0, ...more,
});

const aDevice = (more = {}) => ({
  id: "d1", name: "Dock", info: "", traits: { make: "Zebra", model: "ZD420", languages: ["zpl"] },
  ways: [{ uri: "socket://192.0.2.7", seen_by: "mdns" }, { uri: "ipp://192.0.2.7/ipp/print", seen_by: "mdns" }], printers: [], ...more,
});

test("beside completed stands what the evidence means", () => {
  assert.equal(words.evidence(aJob()), "sent: not proof of paper");
  assert.match(words.evidence(aJob({ evidence: "delivered" })), /not proof of paper/);
  assert.match(words.evidence(aJob({ evidence: "none" })), /taken for printed/);
  assert.equal(words.evidence(aJob({ state: "pending", evidence: "none" })), "");
  assert.equal(words.evidence(aJob({ evidence: "seen", evidence_means: "a camera saw it" })), "a camera saw it");
});

test("a job offers what its state allows", () => {
  assert.deepEqual(words.jobVerbs(aJob({ state: "held" })), ["assume-printed", "release", "cancel"]);
  assert.deepEqual(words.jobVerbs(aJob({ state: "pending" })), ["cancel"]);
  assert.deepEqual(words.jobVerbs(aJob({ state: "processing" })), ["cancel"]);
  for (const state of ["completed", "canceled", "aborted"]) {
    assert.deepEqual(words.jobVerbs(aJob({ state })), ["reprint"]);
    assert.deepEqual(words.jobVerbs(aJob({ state, document_kept: false })), []);
  }
});

test("what a printer is stands in its spooler's words, else as it was found to be", () => {
  const traits = { make: "Zebra", model: "ZD420" };
  assert.equal(words.kind(aPrinter({ info: "at the door", traits })), "at the door");
  assert.equal(words.kind(aPrinter({ traits })), "Zebra ZD420");
  assert.equal(words.kind(aPrinter({ traits: { make: "", model: "" } })), "");
  assert.equal(words.kind(aPrinter()), "");
});

test("a printer offers to pause or to resume, and a state it does not know is no good one", () => {
  assert.deepEqual(words.printerVerbs(aPrinter()), ["pause", "test"]);
  assert.deepEqual(words.printerVerbs(aPrinter({ paused: true })), ["resume", "test"]);
  const moods = [{}, { state: "unknown" }, { state: "processing" }, { reachable: "down" }, { reasons: ["media-empty-error"] }];
  assert.deepEqual(moods.map((one) => words.mood(aPrinter(one))), ["good", "unknown", "busy", "bad", "bad"]);
});

test("ages and sizes are told in words", () => {
  const now = Date.parse(NOON);
  const ages = [0, 59, 60, 3599, 3600, 86400].map((seconds) => words.age(NOON, now + seconds * 1000));
  assert.deepEqual(ages, ["just now", "59 s ago", "1 min ago", "59 min ago", "1 h ago", "1 d ago"]);
  assert.equal(words.age(NOON, now - 60000), "just now");
  assert.equal(words.age("never", now), "");
  assert.deepEqual([20, 1536, 52428800, 5 * 1024 ** 4].map(words.size), ["20 bytes", "1.5 KiB", "50 MiB", "5120 GiB"]);
});

test("a held job in doubt says that it may have printed, and offers the decision", () => {
  const row = jobRow(aJob({ state: "held", reasons: ["delivery-uncertain"], evidence: "none" }), nothing);
  assert.match(row.textContent, /may have printed; decide/);
  assert.deepEqual(row.all((one) => one.tag === "button").map((one) => one.textContent), ["It came out", "Print it again", "Cancel"]);
  assert.doesNotMatch(jobRow(aJob({ state: "held", reasons: ["too-late"] }), nothing).textContent, /may have printed/);
});

test("what a newcomer proved is told from what it says", () => {
  assert.equal(words.proof({ identity: "certificate:dock" }), "proved certificate:dock");
  assert.match(words.proof({ identity: "none" }), /proved nothing/);
  assert.match(words.proof({ identity: "" }), /proved nothing/);
});

test("a device says nothing twice, and a person need not know by which protocol it was seen", () => {
  const traits = { make: "Brother", model: "Brother HL-L2350DW", languages: ["pdf"] };
  assert.equal(words.saysOfItself(aDevice({ traits, info: "Brother HL-L2350DW" })), "Brother HL-L2350DW · pdf");
  assert.equal(words.saysOfItself(aDevice({ traits, info: "at the door" })), "Brother HL-L2350DW · pdf · at the door");
  assert.equal(words.saysOfItself(aDevice({ traits: { make: "", model: "", languages: [] }, info: "" })), "");
  assert.deepEqual(["mdns", "usb", "cups", "winspool", "new"].map((one) => words.seen({ seen_by: one })), ["network", "USB", "CUPS", "Windows", "new"]);
});

test("a device shows what it is and where, and is added under the name that a person gives", async () => {
  const added = [];
  const row = foundRow(aDevice(), async (...how) => added.push(how));
  for (const said of ["Dock", "Zebra ZD420 · zpl", "socket://192.0.2.7", "ipp://192.0.2.7/ipp/print"]) assert.ok(row.textContent.includes(said));
  row.all((one) => one.tag === "input")[0].value = " Label 1 ";
  await row.button("add").fire();
  assert.deepEqual(added, [["add", "Label 1"]]);
  assert.equal(words.device({ make: "Zebra", model: "Zebra ZD420", languages: [] }), "Zebra ZD420");
  assert.equal(words.device({ make: "", model: "", languages: [] }), "");
});

test("a webhook is good only when all is told", () => {
  const hook = { behind: 0, dead: 0, trouble: "" };
  const moods = [{}, { behind: 1 }, { dead: 1 }, { trouble: "it answers 410" }];
  assert.deepEqual(moods.map((one) => words.webhookMood({ ...hook, ...one })), ["good", "busy", "bad", "bad"]);
  assert.equal(words.delivery(hook), "all told");
});

test("hostile names are text wherever they stand", () => {
  const hostile = '<img src=x onerror="alert(1)">';
  const rows = [
    printerCard(aPrinter({ name: hostile, message: hostile, reasons: [hostile], uri: hostile, state: hostile }), nothing),
    jobRow(aJob({ title: hostile, message: hostile, printer_name: hostile, owner: hostile, state: hostile }), nothing),
    clientRow({ id: "c1", origin: hostile, address: hostile, dialect: hostile, since: NOON, jobs: 2 }, nothing),
    newcomerRow({ uri: hostile, serial: hostile, name: hostile, info: hostile, peer: hostile, identity: hostile, since: NOON }, nothing),
    printerCard(aPrinter({ info: hostile, channels: [hostile] }), nothing),
    printerCard(aPrinter({ traits: { make: hostile, model: hostile } }), nothing),
    rejectedRow({ uri: hostile }, nothing),
    foundRow(aDevice({ name: hostile, info: hostile, ways: [{ uri: hostile, seen_by: hostile }] }), nothing),
    foundRow(aDevice({ traits: { make: hostile, model: hostile, languages: [hostile] } }), nothing),
    webhookRow({ name: hostile, url: hostile, behind: 1, dead: 1, last_success_at: NOON, trouble: hostile }, nothing),
    logLine({ number: 1, at: NOON, level: hostile, text: hostile }),
  ];
  for (const row of rows) {
    assert.ok(row.textContent.includes(hostile));
    assert.deepEqual(row.all((one) => one.tag === "img"), []);
  }
  assert.equal(path("printers", "a/../b?c#d", "pause"), "/v1/printers/a%2F..%2Fb%3Fc%23d/pause");
});

test("a list draws only what changed, and keeps its order", () => {
  const list = new Element("ul");
  const empty = new Element("p");
  const rows = new Rows(list, (one) => el("li", {}, one.says), empty);
  const shown = () => list.children.map((one) => one.textContent).join(" ");
  rows.show([{ id: 1, says: "a" }, { id: 2, says: "b" }]);
  const [first, second] = list.children;
  rows.show([{ id: 3, says: "c" }, { id: 2, says: "b" }, { id: 1, says: "A" }]);
  assert.equal(shown(), "c b A");
  assert.equal(list.children[1], second);
  assert.notEqual(list.children[2], first);
  assert.equal(empty.hidden, true);
  rows.show([]);
  assert.equal(shown(), "");
  assert.equal(empty.hidden, false);
});

test("a button waits for its work, so that no verb is sent twice", async () => {
  let finish;
  const row = jobRow(aJob(), () => new Promise((resolve) => (finish = resolve)));
  const button = row.button("reprint");
  const pressed = button.fire();
  assert.equal(button.disabled, true);
  finish();
  await pressed;
  assert.equal(button.disabled, false);
});

test("work asked for many times is done once, and once more when it was asked for meanwhile", async () => {
  let [runs, finish] = [0, null];
  const began = [];
  const soon = new Soon(() => {
    runs += 1;
    began.shift()?.();
    return new Promise((resolve) => (finish = resolve));
  }, 0);
  const begins = () => new Promise((resolve) => began.push(resolve));
  let next = begins();
  for (let round = 0; round < 5; round += 1) soon.ask();
  await next;
  soon.ask();
  soon.ask();
  next = begins();
  finish();
  await next;
  finish();
  assert.equal(runs, 2);
});

test("the page obeys its own policy: nothing inline, nothing evaluated, nothing from elsewhere", () => {
  const html = readFileSync(new URL("index.html", WEB), "utf8");
  assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|javascript:|https?:/i);
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/i);
  for (const [, file] of html.matchAll(/(?:src|href)="([^"]+)"/g)) assert.ok(existsSync(new URL(file, WEB)), file);
  for (const name of readdirSync(WEB).filter((one) => one.endsWith(".js"))) {
    const text = readFileSync(new URL(name, WEB), "utf8");
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b/, name);
    for (const [, file] of text.matchAll(/from "(\.\/[^"]+)"/g)) assert.ok(existsSync(new URL(file, WEB)), `${name}: ${file}`);
  }
  assert.doesNotMatch(readFileSync(new URL("style.css", WEB), "utf8"), /@import|url\(/);
});
