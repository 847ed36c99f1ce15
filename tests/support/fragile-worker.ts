/** A thread that numbers the calls of its life, and dies of the text "die". */
declare const self: Worker;

let calls = 0;
self.onmessage = ({ data: texts }: MessageEvent<string[]>) => {
  if (texts.includes("die")) throw new Error("died on purpose");
  calls += 1;
  self.postMessage(texts.map(() => [calls]));
};

export {}; // a module, so that its `self` is its own
