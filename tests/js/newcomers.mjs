// Opens the page at a live gateway where two printers ask to be let in: rejects the second, lets in the first under a
// name, then the second after all; and prints as JSON what stood on the page.
//
//   node newcomers.mjs http://HOST:PORT FIRST SECOND
import { at, open, tell, text, until } from "./live.mjs";

const [gateway, first, second] = process.argv.slice(2);
const rowOf = (list, serial) => at(list).children.find((row) => row.textContent.includes(serial));
const images = (id) => at(id).all((one) => one.tag === "img").length;

await open(gateway);
await until(() => rowOf("unadopted", first) && rowOf("unadopted", second));
const saw = { asks: rowOf("unadopted", first).textContent, images: images("unadopted") };
await rowOf("unadopted", second).button("reject").fire();
await until(() => rowOf("rejected", second) && !rowOf("unadopted", second));
const row = rowOf("unadopted", first);
row.all((one) => one.tag === "input")[0].value = "Dock <b>1</b>";
await row.button("adopt").fire();
await until(() => text("printers").includes("dialled in: main, raw"));
Object.assign(saw, { card: text("printers"), images: saw.images + images("printers") });
await rowOf("rejected", second).button("adopt").fire();
await until(() => rowOf("printers", second)?.textContent.includes("dialled in: main, raw"));
Object.assign(saw, { newcomersHidden: at("unadopted-section").hidden, notice: text("notice") });
tell(saw);
