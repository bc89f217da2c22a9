// As much of a browser's document as the page uses. Text stays text; to set markup is an error.
import { readFileSync } from "node:fs";

export class Element {
  /** Called after each change of what can be seen. */
  static changed = () => {};

  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, childNodes: [], listeners: {}, parent: null, hidden: false, disabled: false });
    Object.assign(this, { value: "", scrollTop: 0, scrollHeight: 0, clientHeight: 0 });
    const { attributes } = this;
    this.dataset = new Proxy({}, {
      get: (_, name) => attributes[`data-${name}`],
      set: (_, name, value) => ((attributes[`data-${name}`] = String(value)), true),
    });
  }

  set innerHTML(_) {
    throw new Error("markup from data");
  }

  get children() {
    return this.childNodes.filter((node) => node instanceof Element);
  }

  get firstElementChild() {
    return this.children[0] ?? null;
  }

  get textContent() {
    return this.childNodes.map((node) => (node instanceof Element ? node.textContent : node)).join("");
  }

  set textContent(text) {
    this.childNodes = text === "" ? [] : [String(text)];
    Element.changed();
  }

  setAttribute(name, value) {
    if (name.startsWith("on") || name === "style") throw new Error(`the page's policy forbids ${name}`);
    this.attributes[name] = String(value);
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  append(...nodes) {
    for (const node of nodes) this.insertBefore(node, null);
  }

  insertBefore(node, before) {
    if (!(node instanceof Element)) {
      this.childNodes.push(String(node));
      return;
    }
    node.remove();
    const index = before === null ? this.childNodes.length : this.childNodes.indexOf(before);
    this.childNodes.splice(index, 0, node);
    node.parent = this;
    Element.changed();
  }

  remove() {
    if (this.parent) this.parent.childNodes = this.parent.childNodes.filter((node) => node !== this);
    this.parent = null;
  }

  replaceChildren(...nodes) {
    this.childNodes = [];
    this.append(...nodes);
  }

  addEventListener(kind, listener) {
    this.listeners[kind] = listener;
  }

  /** Do what a click or a change does; resolves when all that it starts is done. */
  fire(kind = "click") {
    return this.listeners[kind]({ currentTarget: this });
  }

  /** All elements below that fit. */
  all(fits) {
    return this.children.flatMap((child) => [...(fits(child) ? [child] : []), ...child.all(fits)]);
  }

  button(verb) {
    return this.all((one) => one.attributes["data-verb"] === verb)[0];
  }
}

/** A document with the elements of web/index.html that have an id. */
export function openDocument() {
  const html = readFileSync(new URL("../../web/index.html", import.meta.url), "utf8");
  const byId = new Map([...html.matchAll(/<(\w+)[^>]*\sid="([\w-]+)"/g)].map(([, tag, id]) => [id, new Element(tag)]));
  return {
    title: "",
    hidden: false,
    listeners: {},
    createElement: (tag) => new Element(tag),
    getElementById: (id) => byId.get(id) ?? null,
    querySelectorAll: (tag) => [...byId.values()].flatMap((one) => one.all((each) => each.tag === tag)),
    addEventListener(kind, listener) {
      this.listeners[kind] = listener;
    },
  };
}
