// Opens the page at a live gateway, decides the held job that it shows, and prints as JSON what stood on the page.
//
//   node dashboard.mjs http://HOST:PORT
import { at, open, tell, text, until } from "./live.mjs";

await open(process.argv[2]);
await until(() => text("held").includes("Kitchen Receipt 1") && text("printers").includes("1 held") && text("clients"));
const saw = { connection: text("connection"), held: text("held"), printers: text("printers"), clients: text("clients"), version: text("version") };
await at("held").button("assume-printed").fire();
await until(() => text("jobs").includes("taken for printed"));
saw.decided = text("jobs");
await at("jobs").button("reprint").fire();
await until(() => text("jobs").includes("delivered: the printer"));
saw.reprinted = text("jobs");
saw.notice = text("notice");
tell(saw);
