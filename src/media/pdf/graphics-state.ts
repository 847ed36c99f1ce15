import type { Box } from "./boxes";
import type { ContentStream, PdfDict } from "./pdfjs-hooks";

/** Each from 0 to 1. */
export type Rgb = [red: number, green: number, blue: number];

/** The part of the graphics state that decides whether text can be seen. */
export type GraphicsState = {
  /** Null for a pattern, or a colour space that is not evaluated here. */
  fill: Rgb | null;
  alpha: number;
  /** False under a blend mode or a soft mask: then painting does not replace the colour beneath. */
  covers: boolean;
  renderMode: number;
  clip: Box;
};

export const BLACK: Rgb = [0, 0, 0];
/** On a scale of 0 to 1: a difference in colour that readers do not see. */
const SAME_COLOR = 0.04;

/** The changes that an ExtGState dictionary makes. */
export function readGraphicsState(dict: PdfDict | undefined): Partial<GraphicsState> {
  const alpha = dict?.get("ca");
  const blend = dict?.get("BM");
  const mask = dict?.get("SMask");
  const isPlain = (value: unknown, names: string[]) => names.includes(nameOf(value) ?? "");
  const change: Partial<GraphicsState> = {};
  if (typeof alpha === "number") change.alpha = alpha;
  if (blend !== undefined) change.covers = isPlain(blend, ["Normal", "Compatible"]);
  if (mask !== undefined && !isPlain(mask, ["None"])) change.covers = false;
  return change;
}

/** The dictionary of a named resource, such as an `XObject`; undefined if the page lacks it. */
export function resourceOf(
  { resources }: ContentStream,
  kind: string,
  name: unknown,
): PdfDict | undefined {
  const found = nameOf(name) === undefined ? undefined : resources.get(kind);
  const value = isDict(found) ? found.get(nameOf(name)!) : undefined;
  return value ? (value as PdfDict) : undefined;
}

/** The text of a PDF name; undefined for any other value. */
export const nameOf = (value: unknown): string | undefined => {
  const name = (value as { name?: unknown } | null | undefined)?.name;
  return typeof name === "string" ? name : undefined;
};

export const isDict = (value: unknown): value is PdfDict =>
  typeof (value as PdfDict | null | undefined)?.get === "function";

export const isNumbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every((one) => typeof one === "number");

/** The initial color of a device space is black; that of other spaces is not evaluated. */
export const initialColor = (space: unknown): Rgb | null =>
  ["DeviceGray", "DeviceRGB", "DeviceCMYK"].includes(nameOf(space) ?? "") ? BLACK : null;

/** The colour of the operands of a colour operator; null where they cannot be evaluated. */
export function toRgb(args: unknown[], isGray: boolean): Rgb | null {
  if (isNumbers(args, 3)) return [...args] as Rgb; // pdfjs uses the array again
  if (isNumbers(args, 4)) {
    const [cyan, magenta, yellow, black] = args as [number, number, number, number];
    return [cyan, magenta, yellow].map((ink) => (1 - ink) * (1 - black)) as Rgb;
  }
  return isNumbers(args, 1) && isGray ? [args[0]!, args[0]!, args[0]!] : null;
}

export const isSameColor = (a: Rgb, b: Rgb) =>
  a.every((part, i) => Math.abs(part - b[i]!) < SAME_COLOR);
