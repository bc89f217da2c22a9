// A page without a browser: the classic script in a context of its own, with a socket and a clock that the test moves.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const SCRIPT = readFileSync(new URL("../../js/printerwebsocket.js", import.meta.url), "utf8");

export class Page {
  constructor({ permission } = {}) {
    this.sockets = [];
    this.timers = new Map();
    this.console = [];
    this.pageEvents = {};
    const page = this;
    class WebSocket {
      constructor(url) {
        if (url.startsWith("not")) throw new SyntaxError("bad scheme");
        Object.assign(this, { url, readyState: 0, sent: [] });
        page.sockets.push(this);
      }
      send(text) {
        if (this.readyState !== 1) throw new Error("not open");
        this.sent.push(JSON.parse(text));
      }
      close() {
        this.readyState = 3;
      }
    }
    const line = (...words) => this.console.push(words.join(" "));
    this.window = vm.createContext({
      WebSocket,
      console: { warn: line, error: line },
      setTimeout: (work, wait) => this.timers.set(this.timers.size + 1, { work, wait }) && this.timers.size,
      clearTimeout: (id) => this.timers.get(id) && (this.timers.get(id).work = null),
      addEventListener: (kind, listener) => (this.pageEvents[kind] = listener),
      navigator: permission ? { permissions: { query: async () => ({ state: permission }) } } : {},
    });
    vm.runInContext(SCRIPT, this.window);
    this.client = this.window.PrinterWebSocket;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The waits of the timers that still run. */
  get waits() {
    return [...this.timers.values()].filter((timer) => timer.work).map((timer) => timer.wait);
  }

  /** Let the newest running timer be over. */
  ring() {
    const timer = [...this.timers.values()].filter((one) => one.work).at(-1);
    const work = timer.work;
    timer.work = null;
    work();
  }

  open() {
    this.socket.readyState = 1;
    this.socket.onopen?.();
  }

  fail() {
    const socket = this.socket;
    socket.readyState = 3;
    socket.onerror?.();
    socket.onclose?.();
  }

  say(frame) {
    this.socket.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  async connected() {
    const ready = this.client.initialize("ws://gateway");
    this.open();
    await ready;
    await settled();
    return this;
  }
}

/** Let all promises that can settle do so. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
