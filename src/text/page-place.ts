/**
 * A page as people name it: by its printed label, with its position in the file where the two differ.
 *
 * @param page_number  position in the file, from 1
 * @param label        the number that the deck itself gives the page, such as `iii`
 */
export function toPagePlace(page_number: number, label?: string | null): string {
  return label ? `slide ${label} (page ${page_number})` : `page ${page_number}`;
}

/** The label, if it differs from the position. */
export function tellingLabel(page_number: number, label?: string | null): string | undefined {
  return label && label !== String(page_number) ? label : undefined;
}
