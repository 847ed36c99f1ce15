/** The page of a citation. The checksum pins the version, so the address opens the page after a replacement. */
export function toPageUrl(cited: {
  asset_id: string;
  sha256: string;
  page_number: number;
}): string {
  const { asset_id, sha256, page_number } = cited;
  return `/api/documents/${asset_id}/versions/${sha256}/file#page=${page_number}`;
}
