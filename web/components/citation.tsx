import { type MouseEvent, useId, useState } from "react";
import type { Reference } from "../conversation/exchange";
import { toReachableUrl } from "../server/base-url";
import { needsSignature, openSigned } from "../server/signed-url";
import { strings } from "../text/strings";
import { PageImage } from "./page-image";
import { imageUrlOf, placeName, shortPlaceName, toPlace } from "./place";

type CitationProps = {
  reference: Reference;
  /** The number as the answer writes it. */
  text: string;
  onOpen: (reference: Reference) => boolean;
};

/** A citation in an answer: opens the source beside the conversation; hover and focus show the quote. */
export function Citation({ reference, text, onOpen }: CitationProps) {
  const [isShown, setShown] = useState(false);
  const card = useId();
  const name = `${reference.title ?? strings.untitled}, ${placeName(reference)}`;
  return (
    <span
      className="citing"
      onPointerEnter={() => setShown(true)}
      onPointerLeave={() => setShown(false)}
    >
      <SourceLink
        reference={reference}
        onOpen={onOpen}
        className={`citation ${reference.source}`}
        label={`${text}: ${name}`}
        describedBy={isShown ? card : undefined}
        onFocusChange={setShown}
      >
        {text}
        <span className="place" aria-hidden="true" data-place={shortPlaceName(reference)} />
      </SourceLink>
      {isShown && (
        <span className="card hover" role="tooltip" id={card}>
          <b dir="auto">{name}</b>
          <PageImage url={imageUrlOf(reference)} alt="" />
          <q dir="auto">{reference.withheld ? strings.withheld : reference.quote}</q>
        </span>
      )}
    </span>
  );
}

type SourceLinkProps = {
  reference: Reference;
  onOpen: (reference: Reference) => boolean;
  className?: string;
  label?: string;
  describedBy?: string | undefined;
  onFocusChange?: (isFocused: boolean) => void;
  children: React.ReactNode;
};

/** A link to a source. A plain click opens the panel; the other clicks open a tab, as browsers do. */
export function SourceLink({ reference, onOpen, children, ...more }: SourceLinkProps) {
  const { className, label, describedBy, onFocusChange } = more;
  const { url } = reference;
  if (!url) return <span className={className}>{children}</span>;
  const href = toReachableUrl(url);
  const open = (event: MouseEvent) => {
    const isNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button === 1;
    if (isNewTab ? needsSignature(href) : true) event.preventDefault();
    if (isNewTab) {
      if (needsSignature(href)) void openSigned(href);
      return;
    }
    if (toPlace(reference)) onOpen(reference);
    else void openSigned(href);
  };
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer"
      className={className}
      aria-label={label}
      aria-describedby={describedBy}
      onClick={open}
      onAuxClick={(event) => event.button === 1 && open(event)}
      onFocus={() => onFocusChange?.(true)}
      onBlur={() => onFocusChange?.(false)}
    >
      {children}
    </a>
  );
}
