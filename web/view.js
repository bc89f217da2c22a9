/** Making and keeping elements. All text goes in as text: names of printers and jobs are anybody's. */

import { age } from "./words.js";

/** Make an element. `given` holds attributes, and `click` for what a click does; children are elements or text. */
export function el(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  const { click, ...attributes } = given;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (click) element.addEventListener("click", click);
  element.append(...children.filter((child) => child !== "" && child !== null));
  return element;
}

/** A moment that tells its own age; `tick` keeps it right. */
export function since(at) {
  return at ? el("time", { datetime: at, title: new Date(at).toLocaleString() }, age(at, Date.now())) : "";
}

/** Bring all ages on the page up to date. */
export function tick() {
  for (const time of document.querySelectorAll("time")) time.textContent = age(time.getAttribute("datetime"), Date.now());
}

/** A list that draws only what changed, so that nothing moves under a finger and no focus is lost. */
export class Rows {
  #drawn = new Map();

  constructor(list, draw, empty) {
    this.list = list;
    this.draw = draw;
    this.empty = empty;
  }

  /** Show these, each of which has an `id`. */
  show(items) {
    const before = this.#drawn;
    this.#drawn = new Map();
    const wanted = items.map((item) => {
      const text = JSON.stringify(item);
      const old = before.get(item.id);
      const row = old && old.text === text ? old : { text, element: this.draw(item) };
      this.#drawn.set(item.id, row);
      return row.element;
    });
    this.#place(wanted);
    if (this.empty) this.empty.hidden = items.length > 0;
  }

  #place(wanted) {
    const stays = new Set(wanted);
    for (const element of [...this.list.children]) if (!stays.has(element)) element.remove();
    wanted.forEach((element, index) => {
      const there = this.list.children[index];
      if (there !== element) this.list.insertBefore(element, there ?? null);
    });
  }
}
