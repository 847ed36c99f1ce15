import type { Matrix } from "./pdfjs-hooks";

/** A region of a page in points, upright, with the origin at the bottom left. */
export type Box = { left: number; bottom: number; right: number; top: number };
export const EVERYWHERE: Box = {
  left: Number.NEGATIVE_INFINITY,
  bottom: Number.NEGATIVE_INFINITY,
  right: Number.POSITIVE_INFINITY,
  top: Number.POSITIVE_INFINITY,
};

/** The region that an image fills: images are drawn into the unit square. */
export const unitSquare = (ctm: Matrix) => cornersBox([0, 0, 1, 1], ctm);

/** The upright box around a rectangle given by two corners. */
export function cornersBox([x1, y1, x2, y2]: ArrayLike<number> & Iterable<number>, m: Matrix): Box {
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

/** The region that two boxes share. Boxes without one give a region with a negative width or height. */
export const intersect = (a: Box, b: Box): Box => ({
  left: Math.max(a.left, b.left),
  right: Math.min(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
  top: Math.min(a.top, b.top),
});

/** Share of `box` that lies in `area`, 0 to 1. A box without an area counts as a point. */
export function share(box: Box, area: Box): number {
  const { left, right, bottom, top } = intersect(box, area);
  if (right < left || top < bottom) return 0;
  const part = (inside: number, whole: number) => (whole > 0 ? inside / whole : 1);
  return part(right - left, box.right - box.left) * part(top - bottom, box.top - box.bottom);
}
