/**
 * The global `PrinterWebSocket` of PrinterWebSocket pages, as Fanfold wrote it anew: same members, its faults mended.
 * A classic script without dependencies; it knows one gateway and keeps nothing.
 *
 *   await PrinterWebSocket.initialize("ws://localhost:8765");
 *   const printers = await PrinterWebSocket.fetchPrinters();
 *   const done = await PrinterWebSocket.print(printers[0], "^XA^FDhello^FS^XZ");   // { job_id, state, evidence, … }
 *
 * `print` rejects when nothing will print by itself any more, or when that is not known; the error carries `code`, `job_id`,
 * `state`, `evidence`, `reasons` and `sent_bytes`, and its message says what is known of the paper.
 * `PrinterWebSocket.on("open" | "close" | "job" | "status", listener)` returns a function that takes the listener off.
 */
(function (global) {
  "use strict";

  const DEFAULT_URL = "ws://localhost:8765";
  const CONNECT_TIMEOUT_MS = 10000;
  /** While the browser asks its user whether this page may reach this machine, a socket neither opens nor closes. */
  const PROMPT_TIMEOUT_MS = 120000;
  const LIST_TIMEOUT_MS = 10000;
  const FIRST_RETRY_MS = 500;
  const LONGEST_RETRY_MS = 30000;
  const PERMISSIONS = ["loopback-network", "local-network", "local-network-access"];
  const KINDS = ["open", "close", "job", "status"];
  const OPEN = 1;

  /** The connection that is wanted, and what hangs on it. `opening` is there while it is being made. */
  let url = null;
  let wanted = false;
  let socket = null;
  let opening = null;
  let retryTimer = null;
  let retries = 0;
  let subscribed = false;
  let lastEvent = null;
  let counter = 0;
  const waiting = new Map();
  const listeners = new Map(KINDS.map((kind) => [kind, new Set()]));

  // --- what pages call

  function initialize(address) {
    const asked = address || url || DEFAULT_URL;
    if (wanted && asked !== url) resetConnection();
    if (asked !== url) lastEvent = null;
    url = asked;
    wanted = true;
    if (isConnected()) return Promise.resolve();
    return quietly(opening ? opening.promise : connect());
  }

  function fetchPrinters() {
    return quietly(
      request("the list of printers", { call: "printers.find" }, LIST_TIMEOUT_MS, (frame, settle) => {
        if (Array.isArray(frame.result)) settle.resolve(frame.result);
        else settle.reject(failure("failed", frame.message || "Failed to fetch printers.", frame));
      }),
    );
  }

  function print(name, data) {
    const params = { printer: { name }, data: Array.isArray(data) ? data : [data] };
    return quietly(
      request(`a print on ${name}`, { call: "print", params }, 0, (frame, settle) => {
        if (frame.status === "success") settle.resolve(Object.assign({ printer: name }, frame));
        else if (frame.status === "error") settle.reject(failure((frame.reasons || [])[0] || "error", frame.message, frame));
        else settle.truth = frame;
      }),
    );
  }

  function on(kind, listener) {
    const those = listeners.get(kind);
    if (!those) throw new TypeError(`PrinterWebSocket has no event "${kind}"; it has ${KINDS.join(", ")}`);
    those.add(listener);
    subscribe();
    return () => those.delete(listener);
  }

  function isConnected() {
    return socket !== null && socket.readyState === OPEN;
  }

  function getPrinterStatus() {
    for (const one of waiting.values()) if (one.isPrint) return "printing";
    return "idle";
  }

  function getServerAddress() {
    return url;
  }

  function getUniqID() {
    counter += 1;
    return `uid-${Math.random().toString(36).slice(2, 12)}${counter.toString(36)}`;
  }

  function resetConnection() {
    wanted = false;
    global.clearTimeout(retryTimer);
    retryTimer = null;
    retries = 0;
    dropSocket(failure("reset", "The page gave up its connection to the gateway."));
  }

  // --- the connection

  function connect() {
    global.clearTimeout(retryTimer);
    retryTimer = null;
    const attempt = (opening = deferred());
    let mine;
    try {
      mine = socket = new global.WebSocket(url);
    } catch (fault) {
      wanted = false;
      opening = socket = null;
      attempt.reject(failure("bad-url", `${url} is no address of a gateway: ${fault.message}`));
      return attempt.promise;
    }
    limitTime(mine, attempt);
    mine.onopen = () => mine === socket && opened();
    mine.onmessage = (message) => mine === socket && received(message.data);
    mine.onerror = () => {};
    mine.onclose = () => mine === socket && lost();
    return attempt.promise;
  }

  async function limitTime(mine, attempt) {
    const limit = (await permission()) === "prompt" ? PROMPT_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    if (mine !== socket || opening !== attempt) return;
    attempt.timer = global.setTimeout(() => mine === socket && opening === attempt && lost(), limit);
  }

  function opened() {
    retries = 0;
    subscribed = false;
    const attempt = endAttempt();
    subscribe();
    attempt.resolve();
    tell("open", { url });
  }

  function lost() {
    const wasOpen = opening === null;
    dropSocket(failure("connection-lost", "The connection to the gateway was lost."), !wasOpen);
    if (wanted) {
      const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** retries);
      retries = Math.min(retries + 1, 16);
      retryTimer = global.setTimeout(connect, longest * (0.5 + Math.random() / 2));
    }
  }

  function dropSocket(why, isUnreachable) {
    const [old, attempt] = [socket, opening && endAttempt()];
    socket = null;
    if (old) close(old);
    if (attempt) rejectAttempt(attempt, isUnreachable ? null : why);
    for (const one of [...waiting.values()]) one.lose(why);
    if (old && !attempt) tell("close", { url });
  }

  async function rejectAttempt(attempt, why) {
    attempt.promise.catch(() => {});
    if (why) return attempt.reject(why);
    const denied = (await permission()) === "denied";
    const code = denied ? "denied" : "unreachable";
    attempt.reject(
      failure(
        code,
        denied
          ? `The browser was told not to let this page reach ${url}: allow it in the settings of this site.`
          : `No gateway answers at ${url}: start Fanfold there, or let this page in (fanfold access allow).`,
      ),
    );
  }

  function endAttempt() {
    const attempt = opening;
    opening = null;
    global.clearTimeout(attempt.timer);
    return attempt;
  }

  function close(old) {
    old.onopen = old.onmessage = old.onclose = null;
    try {
      old.close();
    } catch (fault) {
      warn(`closing said: ${fault.message}`);
    }
  }

  /** What the browser's user said to pages that reach this machine; "unknown" where browsers do not ask. */
  async function permission() {
    const states = [];
    for (const name of PERMISSIONS) {
      try {
        states.push((await global.navigator.permissions.query({ name })).state);
      } catch {
        // this browser knows no such permission, or none at all
      }
    }
    return ["denied", "prompt"].find((state) => states.includes(state)) || "unknown";
  }

  // --- requests and frames

  function request(what, fields, limit, take) {
    if (isConnected()) return ask(what, fields, limit, take);
    return whenOpen(what).then(() => ask(what, fields, limit, take));
  }

  /** Ask under a uid of its own; `take(frame, settle)` gets each frame that answers until it settles. */
  function ask(what, fields, limit, take) {
    const uid = getUniqID();
    const settle = deferred();
    const end = (how) => (value) => {
      waiting.delete(uid);
      global.clearTimeout(timer);
      how(value);
    };
    const one = { resolve: end(settle.resolve), reject: end(settle.reject), truth: null };
    const isPrint = fields.call === "print";
    waiting.set(uid, { isPrint, take: (frame) => take(frame, one), lose: (why) => one.reject(lossOf(isPrint, one, why)) });
    const late = () => one.reject(failure("timeout", `The gateway did not answer with ${what} in ${limit / 1000} s.`));
    const timer = limit ? global.setTimeout(late, limit) : null;
    try {
      socket.send(JSON.stringify(Object.assign({ uid }, fields)));
    } catch (fault) {
      one.reject(failure("not-sent", `Could not ask for ${what}: ${fault.message}`));
    }
    return settle.promise;
  }

  function whenOpen(what) {
    if (opening) return opening.promise;
    const then = wanted ? "it is tried again by itself" : "call PrinterWebSocket.initialize(url) first";
    return Promise.reject(failure("not-connected", `Not connected, so nothing was asked for ${what}: ${then}.`));
  }

  function lossOf(isPrint, one, why) {
    if (!isPrint) return why;
    const kept = one.truth
      ? `The gateway has the job${one.truth.job_id ? ` ${one.truth.job_id}` : ""} and may print it`
      : "The gateway may have the job and print it";
    return failure(why.code, `${why.message} ${kept}: look before you print it again.`, one.truth || {});
  }

  function received(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return warn("the gateway sent something that is no JSON");
    }
    if (frame === null || typeof frame !== "object") return undefined;
    const one = waiting.get(frame.uid);
    if (one) return one.take(frame);
    if (frame.event !== undefined) lastEvent = frame.event;
    if (frame.status === "Printer status changed") return tell("status", frame);
    if (frame.status === "Job status changed") return tell("job", frame);
    if (Array.isArray(frame.result)) return fillDropdown(frame.result);
    return undefined;
  }

  /** Pages of the original may define this function; it gets lists that no `fetchPrinters()` waits for. */
  function fillDropdown(printers) {
    if (typeof populatePrinterDropdown === "function") safely(() => populatePrinterDropdown(printers));
  }

  // --- events

  function subscribe() {
    if (subscribed || !isConnected() || !(listeners.get("job").size || listeners.get("status").size)) return;
    subscribed = true;
    const params = lastEvent === null ? {} : { after: lastEvent };
    socket.send(JSON.stringify({ call: "events.subscribe", uid: getUniqID(), params }));
  }

  function tell(kind, what) {
    for (const listener of [...listeners.get(kind)]) safely(() => listener(what));
  }

  /** A page's own fault is told in the console and stops nothing of ours. */
  function safely(work) {
    try {
      work();
    } catch (fault) {
      global.console.error(fault);
    }
  }

  // --- small things

  function failure(code, message, truth) {
    const { job_id, state, evidence, reasons = [], sent_bytes = 0 } = truth || {};
    const error = Object.assign(new Error(message), { code, job_id, state, evidence, reasons, sent_bytes });
    error.name = "PrinterWebSocketError";
    return error;
  }

  function deferred() {
    const it = {};
    it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
    return it;
  }

  /** Old pages look at no promise: its failure is then a line in the console, not an unhandled rejection. */
  function quietly(promise) {
    promise.catch((error) => warn(error.message));
    return promise;
  }

  function warn(words) {
    global.console.warn(`PrinterWebSocket: ${words}`);
  }

  function leavePage() {
    const again = wanted;
    resetConnection();
    wanted = again;
  }

  if (typeof global.addEventListener === "function") {
    global.addEventListener("pagehide", leavePage);
    global.addEventListener("pageshow", (event) => event.persisted && wanted && !socket && quietly(connect()));
  }

  global.PrinterWebSocket = {
    initialize, fetchPrinters, print, on, getUniqID, isConnected, getPrinterStatus, getServerAddress, resetConnection,
  };
})(typeof globalThis === "undefined" ? window : globalThis);
