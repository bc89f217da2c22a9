// A browser's WebSocket for Node, as far as pages of printing use it: text frames over ws://, events by `on…` properties.
// Node 20 has none of its own. RFC 6455; only what a well-behaved server on loopback needs.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";

const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class WebSocket {
  constructor(address, protocol = "", { origin } = {}) {
    const url = String(address);
    Object.assign(this, { url, protocol, readyState: 0, frames: [] });
    const key = randomBytes(16).toString("base64");
    const headers = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key };
    if (protocol) headers["Sec-WebSocket-Protocol"] = protocol;
    if (origin) headers.Origin = origin;
    const request = http.get(url.replace(/^ws/, "http"), { headers, agent: false });
    request.on("error", (error) => this.#fail(error));
    request.on("response", (response) => {
      response.resume();
      this.#fail(new Error(`the server said ${response.statusCode}`));
    });
    request.on("upgrade", (response, socket, head) => {
      const accept = createHash("sha1").update(key + GUID).digest("base64");
      if (response.headers["sec-websocket-accept"] !== accept) return this.#fail(new Error("a wrong accept key"));
      if ((response.headers["sec-websocket-protocol"] ?? "") !== protocol) return this.#fail(new Error("another protocol"));
      return this.#opened(socket, head);
    });
  }

  send(text) {
    this.#put(TEXT, Buffer.from(text));
  }

  close(code = 1000) {
    if (this.readyState !== 1) return;
    this.readyState = 2;
    this.#put(CLOSE, Buffer.from([code >> 8, code & 255]));
  }

  #opened(socket, head) {
    this.socket = socket;
    this.readyState = 1;
    let rest = head;
    const take = (bytes) => {
      rest = this.#takeAll(Buffer.concat([rest, bytes]));
    };
    socket.on("data", take);
    socket.on("close", () => this.#ended());
    socket.on("error", () => socket.destroy());
    this.onopen?.({});
    take(Buffer.alloc(0));
  }

  /** Take the whole frames off the front; return what is left. */
  #takeAll(bytes) {
    let rest = bytes;
    for (;;) {
      if (rest.length < 2) return rest;
      const short = rest[1] & 127;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (rest.length < start) return rest;
      const size = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
      if (rest.length < start + size) return rest;
      this.#take(rest[0] & 15, rest.subarray(start, start + size));
      rest = rest.subarray(start + size);
    }
  }

  #take(kind, body) {
    if (kind === TEXT) {
      this.frames.push(body.toString());
      this.onmessage?.({ data: body.toString() });
      this.onframe?.();
    } else if (kind === PING) {
      this.#put(PONG, body);
    } else if (kind === CLOSE) {
      this.code = body.length >= 2 ? body.readUInt16BE(0) : 1005;
      this.reason = body.subarray(2).toString();
      if (this.readyState === 1) this.#put(CLOSE, body.subarray(0, 2));
      this.socket.end();
    }
  }

  #put(kind, body) {
    const mask = randomBytes(4);
    const size = body.length;
    const head = size < 126 ? [size] : size < 65536 ? [126, size >> 8, size & 255] : [127, ...bigEndian(size)];
    head[0] |= 128;
    const masked = Buffer.from(body.map((byte, index) => byte ^ mask[index & 3]));
    this.socket.cork(); // what a page says in one turn leaves at once, as it does from a browser
    process.nextTick(() => this.socket.uncork());
    this.socket.write(Buffer.concat([Buffer.from([128 | kind, ...head]), mask, masked]));
  }

  #fail(error) {
    this.onerror?.({ type: "error", message: error.message });
    this.#ended();
  }

  #ended() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code: this.code ?? 1006, reason: this.reason ?? "" });
  }
}

function bigEndian(size) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(size));
  return bytes;
}
