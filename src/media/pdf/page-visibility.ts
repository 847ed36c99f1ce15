/**
 * Decides which text of a page a reader can see. It follows colours, clips, layers and painted areas in
 * the order of drawing, because text that is hidden from readers must not be quoted to them.
 */
import { OPS } from "pdfjs-dist";
import { joinLetterSpaced } from "./letter-spacing";
import type { ContentStream, Matrix, PageObserver, PdfDict, TextState } from "./pdfjs-hooks";

export type Box = { left: number; bottom: number; right: number; top: number };
type Rgb = [red: number, green: number, blue: number];

type GraphicsState = {
  /** Null for a pattern, or a colour space that is not evaluated here. */
  fill: Rgb | null;
  alpha: number;
  /** False under a blend mode or a soft mask: then painting does not replace the colour beneath. */
  covers: boolean;
  renderMode: number;
  clip: Box;
};

/** A region that was painted. */
type Paint = {
  box: Box;
  /** Null for images, patterns, transparent paint and shapes that fill their box in part. */
  color: Rgb | null;
  isImage: boolean;
};

type MarkedContent = { isHidden: boolean; actualText: ActualText | null };
/** The author's text for drawn glyphs; one object for all glyphs that it replaces. */
export type ActualText = { text: string };

type Mark = GraphicsState & {
  isLayerHidden: boolean;
  actualText: ActualText | null;
  /** Regions painted before the text. */
  paintsBefore: number;
};

export type ItemVisibility = { isVisible: boolean; actualText: ActualText | null };

const EVERYWHERE: Box = {
  left: Number.NEGATIVE_INFINITY,
  bottom: Number.NEGATIVE_INFINITY,
  right: Number.POSITIVE_INFINITY,
  top: Number.POSITIVE_INFINITY,
};
const WHITE: Rgb = [1, 1, 1];
const BLACK: Rgb = [0, 0, 0];
const INVISIBLE_MODE = 3;
/** On a scale of 0 to 1: a difference in colour that readers do not see. */
const SAME_COLOR = 0.04;
/** Thinner areas are underlines and rules. */
const MIN_AREA_SIDE_PT = 3;
/** More regions than on any slide: a map. Later ones are not considered. */
const MAX_PAINTS = 5_000;

export class PageVisibility implements PageObserver {
  readonly #isLayerVisible: (layer: object) => boolean;
  readonly #marks: Mark[] = [];
  readonly #paints: Paint[] = [];
  readonly #saved: GraphicsState[] = [];
  readonly #forms: { saved: number; content: number; state: GraphicsState }[] = [];
  #content: MarkedContent[] = [];
  #state: GraphicsState = {
    fill: BLACK,
    alpha: 1,
    covers: true,
    renderMode: 0,
    clip: EVERYWHERE,
  };
  #path = new Path();
  #isClipPending = false;
  #hasChanged = true;
  /** The number of filled shapes, a measure of the drawn content. */
  #fills = 0;
  /** True for gray. In other color spaces with one component, it is the amount of an ink. */
  #isGray = true;
  /** Of the text shown last. */
  #baseline = 0;
  #size = 0;

  constructor(isLayerVisible: (layer: object) => boolean) {
    this.#isLayerVisible = isLayerVisible;
  }

  operator(operator: number, args: unknown[], text: TextState, stream: ContentStream): boolean {
    const { ctm } = text;
    switch (operator) {
      case OPS.showText:
      case OPS.showSpacedText:
      case OPS.nextLineShowText:
      case OPS.nextLineSetSpacingShowText: {
        const isMoved = this.#isMoved(text);
        return this.#remember() || isMoved;
      }
      case OPS.save:
        this.#saved.push({ ...this.#state });
        break;
      case OPS.restore:
        if (this.#saved.length > (this.#forms.at(-1)?.saved ?? 0)) {
          this.#change(this.#saved.pop()!);
        }
        break;
      case OPS.setTextRenderingMode:
        this.#change({ renderMode: Number(args[0]) });
        break;
      case OPS.setGState:
        this.#change(readGraphicsState(resourceOf(stream, "ExtGState", args[0])));
        break;
      case OPS.setFillGray:
      case OPS.setFillRGBColor:
      case OPS.setFillCMYKColor:
        this.#change({ fill: toRgb(args, operator === OPS.setFillGray) });
        break;
      case OPS.setFillColorSpace:
        this.#change({ fill: initialColor(args[0]) });
        this.#isGray = nameOf(args[0]) === "DeviceGray";
        break;
      case OPS.setFillColor:
      case OPS.setFillColorN:
        this.#change({ fill: toRgb(args, this.#isGray) });
        break;
      case OPS.beginMarkedContent:
        this.#content.push({ isHidden: false, actualText: null });
        break;
      case OPS.beginMarkedContentProps:
        this.#beginContent(args, stream);
        break;
      case OPS.endMarkedContent:
        if (this.#content.length > (this.#forms.at(-1)?.content ?? 0)) {
          this.#content.pop();
          this.#hasChanged = true;
        }
        break;
      case OPS.paintXObject:
        this.#paintImage(resourceOf(stream, "XObject", args[0]), ctm, stream);
        break;
      case OPS.endInlineImage:
        this.#paint(unitSquare(ctm), null, true);
        break;
      case OPS.shadingFill:
        this.#paint(this.#state.clip, null, false);
        break;
      case OPS.clip:
      case OPS.eoClip:
        this.#isClipPending = true;
        break;
      default:
        if (operator >= OPS.moveTo && operator <= OPS.rectangle) {
          this.#path.add(operator, args as number[], ctm);
        } else if (operator >= OPS.stroke && operator <= OPS.endPath) {
          this.#endPath(operator);
        }
    }
    return false;
  }

  /** Whether the baseline or the size of type changes: pdfjs joins small indices to the text before them. */
  #isMoved({ textMatrix, fontSize, textRise }: TextState): boolean {
    const size = Math.abs(fontSize * textMatrix[3]!);
    const baseline = textMatrix[5]! + textRise * textMatrix[3]!;
    const isSmaller = Math.min(size, this.#size) < Math.max(size, this.#size) * 0.86;
    const isMoved = isSmaller && Math.abs(baseline - this.#baseline) > this.#size * 0.05;
    this.#baseline = baseline;
    this.#size = size;
    return isMoved;
  }

  mark(): number {
    if (this.#marks.length === 0) this.#remember();
    return this.#marks.length - 1;
  }

  join(characters: string[], typed: number[]): string {
    return joinLetterSpaced(characters, typed);
  }

  beginForm(form: PdfDict, ctm: Matrix, stream: ContentStream): void {
    const { length: saved } = this.#saved;
    this.#forms.push({ saved, content: this.#content.length, state: { ...this.#state } });
    const bbox = form.getArray("BBox");
    const clip = isNumbers(bbox, 4) ? cornersBox(bbox, ctm) : EVERYWHERE;
    this.#change({ clip: intersect(this.#state.clip, clip) });
    const isHidden = !this.#isVisibleLayer(form.get("OC"), stream);
    this.#content.push({ isHidden, actualText: null });
  }

  endForm(): void {
    const form = this.#forms.pop();
    if (!form) return;
    this.#saved.length = form.saved;
    this.#content = this.#content.slice(0, form.content);
    this.#change(form.state);
  }

  /** @param fontSize in points, `characters` without spaces: type that is too small to read is hidden */
  visibilityOf(
    mark: number | undefined,
    box: Box,
    { fontSize, characters, pageSide }: { fontSize: number; characters: number; pageSide: number },
  ): ItemVisibility {
    const state = this.#marks[mark ?? -1];
    if (!state) return { isVisible: true, actualText: null };
    const { actualText } = state;
    const advance = Math.max(box.right - box.left, box.top - box.bottom) / characters;
    const isTiny = Math.max(fontSize, advance) < Math.min(2, pageSide / 200);
    const isVisible =
      !state.isLayerHidden &&
      !isTiny &&
      share(box, state.clip) > 0.1 &&
      !this.#isWithoutContrast(state, box) &&
      !this.#isCovered(state, box);
    return { isVisible, actualText };
  }

  /** Share of the page that images take, 0 to 1. Where a page is drawn by shapes, these count as an image. */
  pictureShare(page: Box): number {
    const images = this.#paints.filter(({ isImage }) => isImage);
    const covered = images.reduce((sum, { box }) => sum + share(page, box), 0);
    return this.#fills >= DRAWN_FILLS ? 1 : Math.min(1, covered);
  }

  /** Text of an OCR layer has no contrast either, but it lies on the image from which it was read. */
  #isWithoutContrast({ renderMode, alpha, fill, paintsBefore }: Mark, box: Box): boolean {
    if (renderMode === INVISIBLE_MODE || alpha < 0.02) {
      return !this.#paints.some((paint) => paint.isImage && share(box, paint.box) > 0.5);
    }
    if (renderMode !== 0 || !fill) return false;
    const beneath = this.#paints
      .slice(0, paintsBefore)
      .findLast((paint) => share(box, paint.box) > 0.5);
    const background = beneath ? beneath.color : WHITE;
    return background !== null && isSameColor(fill, background);
  }

  #isCovered({ paintsBefore }: Mark, box: Box): boolean {
    const later = this.#paints.slice(paintsBefore);
    return later.some(({ color, box: area }) => color !== null && share(box, area) > 0.95);
  }

  #change(change: Partial<GraphicsState>): void {
    Object.assign(this.#state, change);
    this.#hasChanged = true;
  }

  /** @returns whether text from here on looks different from the text before */
  #remember(): boolean {
    if (!this.#hasChanged && this.#marks.length > 0) return false;
    this.#hasChanged = false;
    const mark: Mark = {
      ...this.#state,
      isLayerHidden: this.#isHidden(),
      actualText: this.#content.find(({ actualText }) => actualText)?.actualText ?? null,
      paintsBefore: this.#paints.length,
    };
    const last = this.#marks.at(-1);
    if (last && isSameMark(last, mark)) return false;
    this.#marks.push(mark);
    return true;
  }

  #isHidden(): boolean {
    return this.#content.some(({ isHidden }) => isHidden);
  }

  #beginContent([tag, properties]: unknown[], stream: ContentStream): void {
    const isHidden = nameOf(tag) === "OC" && !this.#isVisibleLayer(properties, stream);
    const named = resourceOf(stream, "Properties", properties);
    const text = isDict(properties) ? properties.get("ActualText") : named?.get("ActualText");
    const actualText = typeof text === "string" ? { text: stream.decode(text) } : null;
    this.#content.push({ isHidden, actualText });
    this.#hasChanged = true;
  }

  #isVisibleLayer(properties: unknown, stream: ContentStream): boolean {
    if (!properties) return true;
    try {
      const layer = stream.readLayer(properties);
      return layer === null || this.#isLayerVisible(layer);
    } catch {
      return true; // malformed: viewers show it
    }
  }

  #paintImage(xobject: PdfDict | undefined, ctm: Matrix, stream: ContentStream): void {
    const dict = (xobject as { dict?: PdfDict } | undefined)?.dict;
    if (nameOf(dict?.get("Subtype")) !== "Image") return;
    if (!this.#isVisibleLayer(dict!.get("OC"), stream)) return;
    this.#paint(unitSquare(ctm), null, true);
  }

  #endPath(operator: number): void {
    const { rectangles, box } = this.#path;
    const isFill = operator >= OPS.fill && operator <= OPS.closeEOFillStroke;
    const { fill, alpha, covers } = this.#state;
    if (isFill && box) {
      this.#fills += 1;
      const color = alpha > 0.98 && covers ? fill : null;
      for (const rectangle of rectangles ?? []) this.#paint(rectangle, color, false);
      if (!rectangles && alpha > 0.02) this.#paint(box, null, false);
    }
    if (this.#isClipPending && box) this.#change({ clip: intersect(this.#state.clip, box) });
    this.#isClipPending = false;
    this.#path = new Path();
  }

  #paint(area: Box, color: Rgb | null, isImage: boolean): void {
    if (this.#isHidden() || this.#paints.length >= MAX_PAINTS) return;
    const box = intersect(area, this.#state.clip);
    const isThin = Math.min(box.right - box.left, box.top - box.bottom) < MIN_AREA_SIDE_PT;
    if (isThin) return;
    this.#paints.push({ box, color, isImage });
    this.#hasChanged = true;
  }
}

/** Text that was converted to outlines has one filled shape for each letter. */
const DRAWN_FILLS = 150;

/** The path under construction: the box around it, and the rectangles if it has no other shape. */
class Path {
  rectangles: Box[] | null = [];
  #isEmpty = true;
  #left = Number.POSITIVE_INFINITY;
  #right = Number.NEGATIVE_INFINITY;
  #bottom = Number.POSITIVE_INFINITY;
  #top = Number.NEGATIVE_INFINITY;

  get box(): Box | null {
    if (this.#isEmpty) return null;
    return { left: this.#left, right: this.#right, bottom: this.#bottom, top: this.#top };
  }

  add(operator: number, args: number[], ctm: Matrix): void {
    if (operator === OPS.closePath) return;
    if (operator === OPS.rectangle) {
      const [x, y, width, height] = args as [number, number, number, number];
      const box = cornersBox([x, y, x + width, y + height], ctm);
      const isUpright = (ctm[1] === 0 && ctm[2] === 0) || (ctm[0] === 0 && ctm[3] === 0);
      if (isUpright) this.rectangles?.push(box);
      else this.rectangles = null;
      this.#include(box.left, box.bottom);
      this.#include(box.right, box.top);
      return;
    }
    this.rectangles = null;
    for (let i = 0; i + 1 < args.length; i += 2) {
      const [x, y] = [args[i]!, args[i + 1]!];
      this.#include(ctm[0]! * x + ctm[2]! * y + ctm[4]!, ctm[1]! * x + ctm[3]! * y + ctm[5]!);
    }
  }

  #include(x: number, y: number): void {
    this.#isEmpty = false;
    if (x < this.#left) this.#left = x;
    if (x > this.#right) this.#right = x;
    if (y < this.#bottom) this.#bottom = y;
    if (y > this.#top) this.#top = y;
  }
}

function readGraphicsState(dict: PdfDict | undefined): Partial<GraphicsState> {
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

function resourceOf(
  { resources }: ContentStream,
  kind: string,
  name: unknown,
): PdfDict | undefined {
  const found = nameOf(name) === undefined ? undefined : resources.get(kind);
  const value = isDict(found) ? found.get(nameOf(name)!) : undefined;
  return value ? (value as PdfDict) : undefined;
}

const nameOf = (value: unknown): string | undefined => {
  const name = (value as { name?: unknown } | null | undefined)?.name;
  return typeof name === "string" ? name : undefined;
};

const isDict = (value: unknown): value is PdfDict =>
  typeof (value as PdfDict | null | undefined)?.get === "function";

const isNumbers = (value: unknown, length: number): value is number[] =>
  Array.isArray(value) && value.length === length && value.every((one) => typeof one === "number");

/** The initial color of a device space is black; that of other spaces is not evaluated. */
const initialColor = (space: unknown): Rgb | null =>
  ["DeviceGray", "DeviceRGB", "DeviceCMYK"].includes(nameOf(space) ?? "") ? BLACK : null;

function toRgb(args: unknown[], isGray: boolean): Rgb | null {
  if (isNumbers(args, 3)) return [...args] as Rgb; // pdfjs uses the array again
  if (isNumbers(args, 4)) {
    const [cyan, magenta, yellow, black] = args as [number, number, number, number];
    return [cyan, magenta, yellow].map((ink) => (1 - ink) * (1 - black)) as Rgb;
  }
  return isNumbers(args, 1) && isGray ? [args[0]!, args[0]!, args[0]!] : null;
}

const isSameColor = (a: Rgb, b: Rgb) => a.every((part, i) => Math.abs(part - b[i]!) < SAME_COLOR);

function isSameMark(a: Mark, b: Mark): boolean {
  return (
    a.fill?.join() === b.fill?.join() &&
    a.alpha === b.alpha &&
    a.renderMode === b.renderMode &&
    a.isLayerHidden === b.isLayerHidden &&
    a.actualText === b.actualText &&
    a.paintsBefore === b.paintsBefore &&
    Object.values(a.clip).join() === Object.values(b.clip).join()
  );
}

const unitSquare = (ctm: Matrix) => cornersBox([0, 0, 1, 1], ctm);

/** The upright box around a rectangle given by two corners. */
function cornersBox([x1, y1, x2, y2]: ArrayLike<number> & Iterable<number>, m: Matrix): Box {
  const corners = [x1!, x2!].flatMap((x) =>
    [y1!, y2!].map((y) => [m[0]! * x + m[2]! * y + m[4]!, m[1]! * x + m[3]! * y + m[5]!] as const),
  );
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return {
    left: Math.min(...xs),
    right: Math.max(...xs),
    bottom: Math.min(...ys),
    top: Math.max(...ys),
  };
}

const intersect = (a: Box, b: Box): Box => ({
  left: Math.max(a.left, b.left),
  right: Math.min(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
  top: Math.min(a.top, b.top),
});

/** Share of `box` that lies in `area`, 0 to 1. A box without an area counts as a point. */
function share(box: Box, area: Box): number {
  const { left, right, bottom, top } = intersect(box, area);
  if (right < left || top < bottom) return 0;
  const part = (inside: number, whole: number) => (whole > 0 ? inside / whole : 1);
  return part(right - left, box.right - box.left) * part(top - bottom, box.top - box.bottom);
}
