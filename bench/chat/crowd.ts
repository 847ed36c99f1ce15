/** Opens many streams at once and prints the milliseconds until the last one ends: `bun crowd.ts PEER COUNT` */
import { ask, drain } from "./client";

const [peer, count] = process.argv.slice(2).map((argument) => JSON.parse(argument));
const began = performance.now();
const sizes = await Promise.all(Array.from({ length: count }, async () => drain(await ask(peer))));
console.log(performance.now() - began);
// An incomplete answer would look fast.
if (Math.min(...sizes) < Math.max(...sizes) * 0.9) throw new Error("Answers differ in length");
