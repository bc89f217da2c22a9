// The page at a live gateway, in the document of dom.mjs; `open` brings it up, and the rest looks at it.
import { WebSocket } from "../peers/websocket.mjs";
import { Element, openDocument } from "./dom.mjs";

export const at = (id) => document.getElementById(id);
export const text = (id) => at(id).textContent;

/** Open the page as a browser would that got it from this gateway. */
export async function open(gateway) {
  const toGateway = fetch;
  globalThis.document = openDocument();
  globalThis.location = { href: `${gateway}/` };
  globalThis.fetch = (path, how) => toGateway(new URL(path, gateway), how);
  globalThis.WebSocket = class extends WebSocket {
    constructor(address, protocol) {
      super(address, protocol, { origin: gateway });
    }
  };
  await import(new URL("../../web/page.js", import.meta.url));
}

/** Wait until the page shows it. */
export function until(shows) {
  return new Promise((resolve) => {
    Element.changed = () => shows() && resolve();
    Element.changed();
  });
}

/** Print what was seen as JSON, and end: the page itself never does. */
export function tell(saw) {
  process.stdout.write(JSON.stringify(saw), () => process.exit(0));
}
