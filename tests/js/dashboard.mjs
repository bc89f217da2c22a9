// Opens the page at a live gateway, decides the held job that it shows, and prints as JSON what stood on the page.
//
//   node dashboard.mjs http://HOST:PORT
import { WebSocket } from "../peers/websocket.mjs";
import { Element, openDocument } from "./dom.mjs";

const [gateway] = process.argv.slice(2);
const toGateway = fetch;
globalThis.document = openDocument();
globalThis.location = { href: `${gateway}/` };
globalThis.fetch = (path, how) => toGateway(new URL(path, gateway), how);
globalThis.WebSocket = class extends WebSocket {
  constructor(address, protocol) {
    super(address, protocol, { origin: gateway });
  }
};

const at = (id) => document.getElementById(id);
const text = (id) => at(id).textContent;

/** Wait until the page shows it. */
function until(shows) {
  return new Promise((resolve) => {
    Element.changed = () => shows() && resolve();
    Element.changed();
  });
}

await import(new URL("../../web/page.js", import.meta.url));
await until(() => text("held").includes("Kitchen Receipt 1") && text("printers").includes("1 held") && text("clients"));
const saw = { connection: text("connection"), held: text("held"), printers: text("printers"), clients: text("clients"), version: text("version") };
await at("held").button("assume-printed").fire();
await until(() => text("jobs").includes("taken for printed"));
saw.decided = text("jobs");
await at("jobs").button("reprint").fire();
await until(() => text("jobs").includes("delivered: the printer"));
saw.reprinted = text("jobs");
saw.notice = text("notice");
process.stdout.write(JSON.stringify(saw), () => process.exit(0));
