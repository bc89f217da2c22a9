// Runs a classic script of PrinterWebSocket pages in Node against a live gateway and prints, as JSON, what the page saw.
//
//   node page.mjs original|fanfold ws://HOST:PORT/ PRINTER
import { readFileSync } from "node:fs";
import vm from "node:vm";

import { WebSocket } from "./websocket.mjs";

const SCRIPTS = { original: "original_client.js", fanfold: "../../js/printerwebsocket.js" };

function openPage(which) {
  const sockets = [];
  const dropdown = [];
  class Watched extends WebSocket {
    constructor(url) {
      super(url);
      sockets.push(this);
    }
  }
  const quiet = { log() {}, warn() {}, error() {} };
  const page = { WebSocket: Watched, console: quiet, setTimeout, clearTimeout, addEventListener() {} };
  page.window = page;
  page.populatePrinterDropdown = (printers) => dropdown.push(printers);
  vm.createContext(page);
  vm.runInContext(readFileSync(new URL(SCRIPTS[which], import.meta.url), "utf8"), page);
  return { client: page.PrinterWebSocket, sockets, dropdown };
}

/** Wait until the page's connection has brought so many frames that fit. */
function until(socket, count, fits) {
  return new Promise((resolve) => {
    const look = () => {
      const found = socket.frames.map((text) => JSON.parse(text)).filter(fits);
      if (found.length >= count) resolve(found);
    };
    socket.onframe = look;
    look();
  });
}

const isOutcome = (frame) => frame.status === "success" || frame.status === "error";

/** A page of the original: prints first, then prints and asks for the printers in one breath, over and over. */
async function original(url, printer) {
  const { client, sockets, dropdown } = openPage("original");
  await client.initialize(url);
  client.print(printer, "before the list\n");
  await until(sockets[0], 1, isOutcome);
  const statusAfterPrint = client.getPrinterStatus();
  client.print(printer, "the same\n");
  client.print(printer, "the same\n");
  const printers = await client.fetchPrinters();
  const again = [];
  let outcomes = await until(sockets[0], 3, isOutcome);
  for (let round = 0; round < 30; round += 1) {
    client.print(printer, `in the round ${round}\n`);
    again.push((await client.fetchPrinters()).length);
    outcomes = await until(sockets[0], 4 + round, isOutcome); // what is on its way already, no server can call back
  }
  client.resetConnection();
  sockets[0].close();
  const jobs = new Set(outcomes.map((frame) => frame.job_id)).size;
  return { printers, again, dropdown, statusAfterPrint, jobs, statuses: [...new Set(outcomes.map((one) => one.status))] };
}

/** A page with Fanfold's own script. */
async function fanfold(url, printer) {
  const { client } = openPage("fanfold");
  const events = [];
  client.on("job", (frame) => events.push(frame.state));
  await client.initialize(url);
  const printers = await client.fetchPrinters();
  const done = await Promise.all([client.print(printer, ["A\n", "é"]), client.print(printer, ["SIZE 1 mm", "PRINT 1,1"])]);
  const refused = await client.print("no such printer", "A").catch(({ code, message }) => ({ code, message }));
  client.resetConnection();
  return { printers, done, refused, events };
}

const [which, url, printer] = process.argv.slice(2);
const saw = await { original, fanfold }[which](url, printer);
process.stdout.write(JSON.stringify(saw));
