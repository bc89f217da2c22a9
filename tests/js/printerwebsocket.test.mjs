import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, settled } from "./sandbox.mjs";

const plain = (value) => JSON.parse(JSON.stringify(value));

test("initialize resolves when the connection is open, and at once when it is", async () => {
  const page = await new Page().connected();
  assert.equal(page.client.isConnected(), true);
  assert.equal(page.client.getServerAddress(), "ws://gateway");
  await page.client.initialize("ws://gateway");
  assert.equal(page.sockets.length, 1);
});

test("two calls of initialize at once make one connection", async () => {
  const page = new Page();
  const both = [page.client.initialize("ws://gateway"), page.client.initialize("ws://gateway")];
  page.open();
  await Promise.all(both);
  assert.equal(page.sockets.length, 1);
});

test("initialize with another address leaves the old gateway", async () => {
  const page = await new Page().connected();
  const ready = page.client.initialize("ws://other");
  page.open();
  await ready;
  assert.equal(page.sockets[0].readyState, 3);
  assert.equal(page.client.getServerAddress(), "ws://other");
});

test("an address that is none is said at once and not tried again", async () => {
  const page = new Page();
  await assert.rejects(page.client.initialize("not an address"), { code: "bad-url" });
  assert.deepEqual(page.waits, []);
});

test("a gateway that is not there is an error in words, and is tried again with growing waits", async () => {
  const page = new Page();
  const failed = assert.rejects(page.client.initialize("ws://gateway"), { code: "unreachable", message: /start Fanfold/ });
  page.fail();
  await failed;
  const waits = [];
  for (let round = 0; round < 10; round += 1) {
    waits.push(page.waits.at(-1));
    page.ring();
    page.fail();
    await settled();
  }
  assert.ok(waits[0] <= 500);
  assert.ok(waits[4] > waits[0]);
  assert.ok(waits.every((wait) => wait <= 30000));
});

test("a browser that was told no is named as the cause", async () => {
  const page = new Page({ permission: "denied" });
  const failed = assert.rejects(page.client.initialize("ws://gateway"), { code: "denied" });
  page.fail();
  await failed;
});

test("a connection that neither opens nor fails ends by its time limit, which is long while the browser asks", async () => {
  const page = new Page();
  const failed = assert.rejects(page.client.initialize("ws://gateway"), { code: "unreachable" });
  await settled();
  assert.deepEqual(page.waits, [10000]);
  page.ring();
  await failed;
  const asking = new Page({ permission: "prompt" });
  asking.client.initialize("ws://gateway");
  await settled();
  assert.deepEqual(asking.waits, [120000]);
});

test("a lost connection is made again, and the next call works", async () => {
  const page = await new Page().connected();
  page.fail();
  await assert.rejects(page.client.fetchPrinters(), { code: "not-connected", message: /tried again by itself/ });
  page.ring();
  const list = page.client.fetchPrinters();
  page.open();
  await settled();
  page.say({ uid: page.socket.sent[0].uid, result: [], status_code: 0 });
  assert.deepEqual(plain(await list), []);
});

test("fetchPrinters resolves to the list and leaves later frames to the others", async () => {
  const page = await new Page().connected();
  const list = page.client.fetchPrinters();
  const printing = page.client.print("P1", "A");
  const [find, print] = page.socket.sent;
  assert.equal(find.call, "printers.find");
  page.say({ uid: print.uid, status: "Printing job started on P1", status_code: 1, job_id: "j" });
  page.say({ uid: find.uid, result: ["P1", "P2"], status_code: 0 });
  assert.deepEqual(plain(await list), ["P1", "P2"]);
  page.say({ uid: print.uid, status: "success", message: "Printed on P1", status_code: 0, job_id: "j", evidence: "delivered" });
  assert.equal((await printing).evidence, "delivered");
});

test("fetchPrinters that gets an error or no answer rejects", async () => {
  const page = await new Page().connected();
  const refused = assert.rejects(page.client.fetchPrinters(), { message: "The disk failed." });
  page.say({ uid: page.socket.sent[0].uid, status: "error", message: "The disk failed.", status_code: 3 });
  await refused;
  const unanswered = assert.rejects(page.client.fetchPrinters(), { code: "timeout" });
  page.ring();
  await unanswered;
});

test("calls before initialize say what to do", async () => {
  const page = new Page();
  await assert.rejects(page.client.print("P1", "A"), { code: "not-connected", message: /initialize/ });
});

test("print sends text or parts, each under a uid of its own", async () => {
  const page = await new Page().connected();
  page.client.print("P1", "A\n");
  page.client.print("P1", ["A", "B"]);
  const [one, two] = page.socket.sent;
  assert.deepEqual(one.params, { printer: { name: "P1" }, data: ["A\n"] });
  assert.deepEqual(two.params.data, ["A", "B"]);
  assert.notEqual(one.uid, two.uid);
  assert.equal(page.client.getPrinterStatus(), "printing");
});

test("print resolves with what is known, and the answers find their prints", async () => {
  const page = await new Page().connected();
  const [first, second] = [page.client.print("P1", "A"), page.client.print("P2", "B")];
  const [one, two] = page.socket.sent;
  page.say({ uid: two.uid, status: "success", message: "Printed on P2", status_code: 0, job_id: "two", state: "completed" });
  page.say({ uid: one.uid, status: "success", message: "Printed on P1", status_code: 0, job_id: "one", state: "completed" });
  assert.deepEqual([(await first).job_id, (await second).job_id], ["one", "two"]);
  assert.equal((await second).printer, "P2");
  assert.equal(page.client.getPrinterStatus(), "idle");
});

test("print rejects with the job's words and what is known of it", async () => {
  const page = await new Page().connected();
  const printing = page.client.print("P1", "A");
  const { uid } = page.socket.sent[0];
  page.say({ uid, status: "Printing job started on P1", status_code: 1, job_id: "j", state: "pending" });
  page.say({ uid, status: "error", message: "It may have printed.", status_code: 3, job_id: "j", state: "held", evidence: "none",
    reasons: ["delivery-uncertain"], sent_bytes: 3 });
  await assert.rejects(printing, (error) => {
    assert.equal(error.name, "PrinterWebSocketError");
    assert.equal(error.message, "It may have printed.");
    const { code, job_id, state, evidence, reasons, sent_bytes } = error;
    assert.deepEqual(plain({ code, job_id, state, evidence, reasons, sent_bytes }), {
      code: "delivery-uncertain", job_id: "j", state: "held", evidence: "none", reasons: ["delivery-uncertain"], sent_bytes: 3,
    });
    return true;
  });
});

test("print rejects when the connection is lost, and says that the gateway has the job", async () => {
  const page = await new Page().connected();
  const printing = page.client.print("P1", "A");
  page.say({ uid: page.socket.sent[0].uid, status: "Printing job started on P1", status_code: 1, job_id: "j" });
  const failed = assert.rejects(printing, { code: "connection-lost", job_id: "j", message: /has the job j/ });
  page.fail();
  await failed;
  assert.equal(page.client.getPrinterStatus(), "idle");
});

test("an old page that ignores print's promise gets a line in the console, no unhandled rejection", async () => {
  const page = await new Page().connected();
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  page.client.print("P1", "A");
  page.say({ uid: page.socket.sent[0].uid, status: "error", message: "No such printer.", status_code: 3 });
  page.client.fetchPrinters();
  page.client.initialize("ws://other");
  page.fail();
  page.client.resetConnection();
  await settled();
  await settled();
  process.removeListener("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
  assert.ok(page.console.includes("PrinterWebSocket: No such printer."));
});

test("resetConnection closes the connection, ends what waits, and does not connect again", async () => {
  const page = await new Page().connected();
  const failed = assert.rejects(page.client.print("P1", "A"), { code: "reset" });
  page.client.resetConnection();
  await failed;
  assert.equal(page.socket.readyState, 3);
  assert.equal(page.client.isConnected(), false);
  assert.deepEqual(page.waits, []);
});

test("a page that comes back from the browser's cache connects again", async () => {
  const page = await new Page().connected();
  page.pageEvents.pagehide();
  assert.equal(page.sockets[0].readyState, 3);
  page.pageEvents.pageshow({ persisted: true });
  page.open();
  await settled();
  assert.equal(page.client.isConnected(), true);
});

test("no events are asked for until somebody listens; then on each connection, after the last one seen", async () => {
  const page = await new Page().connected();
  assert.deepEqual(page.socket.sent, []);
  const heard = [];
  page.client.on("status", (frame) => heard.push(frame.state));
  const forget = page.client.on("job", (frame) => heard.push(frame.job_id));
  assert.deepEqual(page.socket.sent.map((one) => [one.call, one.params]), [["events.subscribe", {}]]);
  page.say({ uid: page.socket.sent[0].uid, status: "Events subscribed", status_code: 0 });
  page.say({ status: "Printer status changed", status_code: 3, event: 7, state: "stopped" });
  page.say({ status: "Job status changed", status_code: 0, event: 8, job_id: "j" });
  forget();
  page.say({ status: "Job status changed", status_code: 0, event: 9, job_id: "k" });
  assert.deepEqual(heard, ["stopped", "j"]);
  page.fail();
  page.ring();
  page.open();
  assert.deepEqual(page.socket.sent[0].params, { after: 9 });
});

test("open and close are told, and a listener's fault harms no other", async () => {
  const page = new Page();
  const heard = [];
  page.client.on("open", () => {
    throw new Error("the page's own fault");
  });
  page.client.on("open", () => heard.push("open"));
  page.client.on("close", () => heard.push("close"));
  await page.connected();
  page.fail();
  assert.deepEqual(heard, ["open", "close"]);
  assert.ok(page.console.some((line) => line.includes("the page's own fault")));
  assert.throws(() => page.client.on("opened", () => {}), { message: /has no event "opened"/ });
});

test("a page's populatePrinterDropdown gets the lists that nobody waits for, and need not be there", async () => {
  const page = await new Page().connected();
  page.say({ uid: "of nobody", result: ["P1"], status_code: 0 });
  const lists = [];
  page.window.populatePrinterDropdown = (printers) => lists.push(plain(printers));
  page.say({ uid: "of nobody", result: ["P1"], status_code: 0 });
  const list = page.client.fetchPrinters();
  page.say({ uid: page.socket.sent[0].uid, result: ["P2"], status_code: 0 });
  await list;
  assert.deepEqual(lists, [["P1"]]);
});

test("frames that are no frames are passed over", async () => {
  const page = await new Page().connected();
  for (const frame of ["no JSON", "null", "5", "[]", "{}"]) page.say(frame);
  assert.equal(page.client.isConnected(), true);
});
