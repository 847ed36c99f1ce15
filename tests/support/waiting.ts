/** Asks until the answer is as wanted; says what it was when it never is. */
export async function eventually<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let answer = await ask();
  while (!wanted(answer)) {
    if (performance.now() > end) throw new Error(`Never as wanted: ${Bun.inspect(answer)}`);
    await Bun.sleep(50);
    answer = await ask();
  }
  return answer;
}

/**
 * How many ms some work takes on a machine that is awake. `ask` says that it is: while the work goes
 * on it is asked over and over, and an answer that is late, as everything stands still, counts little.
 */
export async function awakeMs(
  work: Promise<unknown>,
  ask: () => Promise<unknown> = async () => {},
): Promise<number> {
  const mostPerAnswerMs = 20;
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  void work.then(over, over);
  let ms = 0;
  while (!isOver) {
    const since = performance.now();
    await ask();
    await Bun.sleep(1);
    ms += Math.min(performance.now() - since, mostPerAnswerMs);
  }
  await work;
  return ms;
}

/**
 * Time for a reader in this process to take what was sent to it: Bun's fetch forgets what it did not
 * hand on before its connection breaks. Many short pauses, so that one in which the machine stands
 * still leaves time enough in the others.
 */
export async function untilRead(): Promise<void> {
  for (let pause = 0; pause < 10; pause++) await Bun.sleep(4);
}
