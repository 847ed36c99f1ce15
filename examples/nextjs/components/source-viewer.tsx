"use client";

import { createContext } from "react";
import { type Citation, placeOf } from "./citations";

/** A citation that can be opened: docs/citations.md of Lectern describes its fields. */
export type Place = Citation & { asset_id: string; sha256?: string; url: string };

/** Opens a place in the column beside the chat. */
export const SourceContext = createContext<(place: Place) => void>(() => {});

/** False for material that is not visible now, and for addresses that no browser should open. */
export const isPlace = (citation: object): citation is Place => {
  const { asset_id, url } = citation as Partial<Place>;
  return typeof asset_id === "string" && typeof url === "string" && /^https?:\/\//.test(url);
};

/** The page of the slides as an image, or a link to the second of the recording. */
export function SourceViewer({ place }: { place: Place }) {
  const { asset_id, page_number, sha256, url, quote } = place;
  const name = placeOf(place);
  const version = sha256 ? `${asset_id}/versions/${sha256}` : asset_id;
  const image = `/api/lectern/documents/${version}/pages/${page_number}/image`;
  return (
    <aside className="source" aria-label="Source">
      <h2>{name}</h2>
      {page_number !== undefined && <img src={image} alt={name} />}
      <blockquote>{quote}</blockquote>
      <a href={hrefOf(url, asset_id)} target="_blank" rel="noreferrer">
        {page_number === undefined ? "Open the recording here" : "Open the file at this page"}
      </a>
    </aside>
  );
}

/** Files of Lectern open through this site, which has the credentials; recordings open where they are. */
function hrefOf(url: string, assetId: string): string {
  const { pathname, search, hash } = new URL(url);
  const [, kind, rest] =
    new RegExp(`/api/(documents|lectures)/${assetId}(/.*)`).exec(pathname) ?? [];
  return kind ? `/api/lectern/${kind}/${assetId}${rest}${search}${hash}` : url;
}
