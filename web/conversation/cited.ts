import { findMarks } from "../../src/chat/citations/marks";
import type { Exchange, Reference } from "./exchange";

/** The references that an answer names, in the order of their numbers. */
export function findCited(
  { parts }: Exchange,
  references: ReadonlyMap<number, Reference>,
): Reference[] {
  const marked = new Set(
    parts.flatMap(({ text }) => findMarks(text).flatMap((one) => one.numbers)),
  );
  return [...marked].sort((a, b) => a - b).flatMap((number) => references.get(number) ?? []);
}
