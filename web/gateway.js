/** The page's only door to the gateway: the native API over HTTP, its events over a WebSocket. Knows no page. */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10000;

/** What the gateway refused, in its own words; `code` is stable. */
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || `The gateway answered ${status}.`);
    this.code = problem.code ?? "";
    this.status = status;
  }
}

/** Ask the gateway; return what it answers. Raises Refused, or TypeError when it is not there. */
export async function ask(method, path, fields) {
  const headers = { Accept: "application/json" };
  const given = fields === undefined ? {} : { body: JSON.stringify(fields) };
  if (given.body) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, cache: "no-store", ...given });
  const answer = await response.json().catch(() => ({}));
  const isHealth = response.status === 503 && Array.isArray(answer.problems);
  if (!response.ok && !isHealth) throw new Refused(answer, response.status);
  return answer;
}

/** A path of the API with its parts escaped: names are anybody's. */
export const path = (...parts) => `/v1/${parts.map(encodeURIComponent).join("/")}`;

/**
 * The gateway's events for as long as the page lives: connects again by itself and resumes after the last event seen.
 * `on.up(resumed)` when the events flow, `on.event(event)` for each, `on.down()` when they do not.
 */
export class Events {
  #last = null;
  #retries = 0;
  #isUp = false;

  constructor(on) {
    this.on = on;
  }

  connect() {
    const address = new URL("/v1/ws", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, "fanfold.v1");
    socket.onopen = () => {
      const params = this.#last === null ? {} : { after: this.#last };
      socket.send(JSON.stringify({ id: 1, call: "events.subscribe", params }));
    };
    socket.onmessage = (message) => this.#take(socket, JSON.parse(message.data));
    socket.onclose = () => this.#lost();
  }

  #take(socket, frame) {
    if (frame.event) {
      this.#last = frame.event.id;
      this.on.event(frame.event);
    } else if (frame.error) {
      this.#last = null;
      socket.close();
    } else if (frame.id === 1) {
      this.#retries = 0;
      this.#isUp = true;
      this.on.up();
    }
  }

  #lost() {
    if (this.#isUp || this.#retries === 0) this.on.down();
    this.#isUp = false;
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries);
    this.#retries += 1;
    setTimeout(() => this.connect(), wait * (0.5 + Math.random() / 2));
  }
}

/** Work that many may ask for at once: done soon, once for all of them, never twice at a time. */
export class Soon {
  #timer = null;
  #isRunning = false;
  #isAsked = false;

  constructor(work, pauseMs) {
    this.work = work;
    this.pauseMs = pauseMs;
  }

  ask() {
    if (this.#isRunning) this.#isAsked = true;
    else this.#timer ??= setTimeout(() => this.#run(), this.pauseMs);
  }

  async #run() {
    this.#timer = null;
    this.#isRunning = true;
    this.#isAsked = false;
    try {
      await this.work();
    } finally {
      this.#isRunning = false;
      if (this.#isAsked) this.ask();
    }
  }
}
