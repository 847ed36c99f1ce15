/**
 * Decides which text of a page a reader can see. It follows colours, clips, layers and painted areas in
 * the order of drawing, because text that is hidden from readers must not be quoted to them.
 */
import { OPS } from "pdfjs-dist";
import { type Box, cornersBox, EVERYWHERE, intersect, share, unitSquare } from "./boxes";
import { DrawnPath } from "./drawn-path";
import {
  BLACK,
  type GraphicsState,
  initialColor,
  isDict,
  isNumbers,
  isSameColor,
  nameOf,
  type Rgb,
  readGraphicsState,
  resourceOf,
  toRgb,
} from "./graphics-state";
import { joinLetterSpaced } from "./letter-spacing";
import type { ContentStream, Matrix, PageObserver, PdfDict, TextState } from "./pdfjs-hooks";

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

const WHITE: Rgb = [1, 1, 1];
const INVISIBLE_MODE = 3;
/** Thinner areas are underlines and rules. */
const MIN_AREA_SIDE_PT = 3;
/** The bar of a fraction in type of 40 points has less. */
const MAX_RULE_PT = 2;
/** More regions than on any slide: a map. Later ones are not considered. */
const MAX_PAINTS = 5_000;

export class PageVisibility implements PageObserver {
  readonly #isLayerVisible: (layer: object) => boolean;
  readonly #marks: Mark[] = [];
  readonly #paints: Paint[] = [];
  /** Thin lines that are longer than thick, such as the bars of fractions. */
  readonly rules: Box[] = [];
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
  #path = new DrawnPath();
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
    const isPainted = operator < OPS.endPath;
    if (isPainted) for (const part of rectangles ?? (box ? [box] : [])) this.#addRule(part);
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
    this.#path = new DrawnPath();
  }

  #addRule(box: Box): void {
    const [length, thickness] = [box.right - box.left, box.top - box.bottom];
    const isRule = Math.min(length, thickness) < MAX_RULE_PT && Math.max(length, thickness) > 2;
    if (isRule && !this.#isHidden() && this.rules.length < MAX_PAINTS) this.rules.push(box);
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
