// Opens the page at a live gateway, looks for printers by its button, adds the one that has WORD in its name, and prints
// as JSON what stood on the page.
//
//   node found.mjs http://HOST:PORT WORD
import { at, open, tell, text, until } from "./live.mjs";

const [gateway, word] = process.argv.slice(2);
const row = () => at("found").children.find((one) => one.textContent.includes(word));

await open(gateway);
await until(() => text("version"));
const saw = { before: text("found") };
at("look").fire();
await until(row);
Object.assign(saw, { found: row().textContent, images: at("found").all((one) => one.tag === "img").length });
row().all((one) => one.tag === "input")[0].value = "Dock 1";
await row().button("add").fire();
await until(() => text("printers").includes("Dock 1") && !row());
Object.assign(saw, { printers: text("printers"), lookHidden: at("look").hidden, notice: text("notice") });
tell(saw);
