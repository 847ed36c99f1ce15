/** A process that numbers the calls of its life, and dies of the text "die". */
let calls = 0;
process.on("message", (texts: string[]) => {
  if (texts.includes("die")) process.exit(1);
  calls += 1;
  process.send!(texts.map(() => [calls]));
});
