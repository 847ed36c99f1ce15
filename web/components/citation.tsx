import {
  type MouseEvent,
  type ReactNode,
  useEffectEvent,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
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

/** A citation in an answer: opens the source beside the conversation; hover and the keyboard's focus show the quote. */
export function Citation({ reference, text, onOpen }: CitationProps) {
  const [isShown, setShown] = useState(false);
  const card = useId();
  const title = reference.title ?? strings.untitled;
  const place = placeName(reference);
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
        label={`${text}: ${title}, ${place}`}
        describedBy={isShown ? card : undefined}
        onFocusChange={setShown}
      >
        {text}
        <span className="place" aria-hidden="true" data-place={shortPlaceName(reference)} />
      </SourceLink>
      {isShown && (
        <HoverCard id={card} onClose={() => setShown(false)}>
          <b>
            <bdi>{title}</bdi>, {place}
          </b>
          <PageImage url={imageUrlOf(reference)} alt="" />
          <q dir="auto">{reference.withheld ? strings.withheld : reference.quote}</q>
        </HoverCard>
      )}
    </span>
  );
}

/** Between a card and the edge of the window, in CSS pixels. */
const MARGIN_PX = 8;

type HoverCardProps = { id: string; onClose: () => void; children: ReactNode };

/**
 * A card beside its parent, where the window has more space. The top layer keeps it from being clipped. Escape
 * closes it, and nothing below it.
 */
function HoverCard({ id, onClose, children }: HoverCardProps) {
  const card = useRef<HTMLSpanElement>(null);
  const close = useEffectEvent(onClose);
  useLayoutEffect(() => {
    const node = card.current;
    const anchor = node?.parentElement;
    if (!node || !anchor) return;
    node.showPopover?.();
    const place = () => {
      const { left, top, bottom } = anchor.getBoundingClientRect();
      const isAbove = top > innerHeight - bottom;
      const furthest = Math.max(MARGIN_PX, innerWidth - node.offsetWidth - MARGIN_PX);
      Object.assign(node.style, {
        left: `${Math.min(left, furthest)}px`,
        top: isAbove ? "auto" : `${bottom}px`,
        bottom: isAbove ? `${innerHeight - top}px` : "auto",
        maxHeight: `${(isAbove ? top : innerHeight - bottom) - MARGIN_PX}px`,
      });
    };
    place();
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      close();
    };
    addEventListener("scroll", place, { capture: true, passive: true });
    document.addEventListener("keydown", onKey, { capture: true });
    return () => {
      removeEventListener("scroll", place, { capture: true });
      document.removeEventListener("keydown", onKey, { capture: true });
    };
  }, []);
  return (
    <span className="card hover" role="tooltip" id={id} ref={card} popover="manual">
      {children}
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
  children: ReactNode;
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
      onFocus={({ currentTarget }) => onFocusChange?.(currentTarget.matches(":focus-visible"))}
      onBlur={() => onFocusChange?.(false)}
    >
      {children}
    </a>
  );
}
