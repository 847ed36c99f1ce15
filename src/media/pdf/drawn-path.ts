import { OPS } from "pdfjs-dist";
import { type Box, cornersBox } from "./boxes";
import type { Matrix } from "./pdfjs-hooks";

/** The path under construction: the box around it, and the rectangles if it has no other shape. */
export class DrawnPath {
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
