import type { Nodes, Parent, RootContent, TableRow } from "mdast";
import { createElement, Fragment, memo, type ReactNode, useMemo } from "react";
import type { UnsupportedSentence } from "../../src/chat/citations/check";
import { findMarks, numbersIn } from "../../src/chat/citations/marks";
import { FaultBoundary } from "../components/fault-boundary";
import { closeOpen } from "./close-open";
import { CodeBlock } from "./code-block";
import { Formula } from "./formula";
import { isTooDeep, parseMarkdown, restoreDollars } from "./parse";
import { type MarkdownBlock, splitBlocks } from "./split-blocks";
import { splitParagraph } from "./split-paragraph";

type MarkdownProps = {
  text: string;
  /** More text follows: Markdown that is open at the end is closed. */
  isGrowing: boolean;
  unsupported: UnsupportedSentence[];
  /** A number in a mark, such as 3 in `[3]`, as an element; undefined leaves the mark as text. */
  renderMark: (number: number, text: string) => ReactNode | undefined;
  /** A sentence that the citation check flags. */
  renderUnsupported: (
    sentence: UnsupportedSentence,
    children: ReactNode,
    isEnd: boolean,
  ) => ReactNode;
};

/** Markdown of a model: untrusted. Shows no HTML and loads nothing. */
export function Markdown({ text, isGrowing, ...props }: MarkdownProps) {
  const blocks = useMemo(() => {
    const all = splitBlocks(text);
    const last = all.pop();
    if (last) all.push(isGrowing ? { ...last, text: closeOpen(last.text) } : last);
    return all;
  }, [text, isGrowing]);
  return blocks.map((block) => (
    <FaultBoundary key={block.start} fallback={<Source text={block.text} />}>
      <Block block={block} {...props} />
    </FaultBoundary>
  ));
}

/** In place of a text that cannot be shown otherwise. */
const Source = ({ text }: { text: string }) => <p dir="auto">{text}</p>;

type BlockProps = Omit<MarkdownProps, "text" | "isGrowing"> & { block: MarkdownBlock };

const isSame = (before: BlockProps, after: BlockProps) =>
  before.block.text === after.block.text &&
  before.block.start === after.block.start &&
  before.renderMark === after.renderMark &&
  before.unsupported === after.unsupported;

const Block = memo(({ block, ...props }: BlockProps) => {
  const { text } = block;
  const pieces = splitParagraph(block);
  if (pieces) {
    return (
      <p dir="auto">
        {pieces.map((piece, index) => (
          <Piece key={index} block={piece} {...props} />
        ))}
      </p>
    );
  }
  if (isTooDeep(text)) return <Source text={text} />;
  return new Renderer({ block, ...props }).children(parseMarkdown(text));
}, isSame);

/** A piece of a paragraph, with the space before the next one. */
const Piece = memo(({ block, ...props }: BlockProps) => {
  const renderer = new Renderer({ block, ...props });
  const [paragraph] = parseMarkdown(block.text).children;
  return (
    <>
      {paragraph && renderer.children(paragraph)}
      {renderer.text(" ", block.text.length)}
    </>
  );
}, isSame);

const TAGS: Partial<Record<Nodes["type"], string>> = {
  paragraph: "p",
  blockquote: "blockquote",
  emphasis: "em",
  strong: "strong",
  delete: "del",
};
/** A heading of an answer is below the question, which is an h2. */
const HEADING_OFFSET = 2;
const SAFE_URL = /^(?:https?:|mailto:)/i;

class Renderer {
  constructor(readonly props: BlockProps) {}

  children(parent: Parent | Nodes): ReactNode[] {
    if (!("children" in parent)) return [];
    return parent.children.map((node, index) => <Fragment key={index}>{this.node(node)}</Fragment>);
  }

  node(node: RootContent): ReactNode {
    const tag = TAGS[node.type];
    if (tag)
      return createElement(tag, isFlow(node) ? { dir: "auto" } : null, ...this.children(node));
    switch (node.type) {
      case "text":
        return this.text(node.value, node.position?.start.offset ?? 0);
      case "heading": {
        const level = Math.min(6, node.depth + HEADING_OFFSET);
        return createElement(`h${level}`, { dir: "auto" }, ...this.children(node));
      }
      case "list":
        return node.ordered ? (
          <ol dir="auto" start={node.start ?? 1}>
            {this.children(node)}
          </ol>
        ) : (
          <ul dir="auto">{this.children(node)}</ul>
        );
      case "listItem":
        return (
          <li>
            {typeof node.checked === "boolean" && (node.checked ? "☑ " : "☐ ")}
            {node.spread
              ? this.children(node)
              : node.children.map((child, index) => this.#tight(child, index))}
          </li>
        );
      case "inlineCode":
        return <code dir="ltr">{restoreDollars(node.value)}</code>;
      case "code":
        return <CodeBlock text={restoreDollars(node.value)} language={node.lang ?? undefined} />;
      case "math":
        return <Formula source={restoreDollars(node.value)} isBlock />;
      case "inlineMath":
        return <Formula source={restoreDollars(node.value)} isBlock={this.#isDisplay(node)} />;
      case "thematicBreak":
        return <hr />;
      case "break":
        return <br />;
      case "link":
        return SAFE_URL.test(node.url) ? (
          <a href={node.url} target="_blank" rel="noreferrer">
            {this.children(node)}
          </a>
        ) : (
          this.children(node)
        );
      case "image":
        return node.alt ? `[${node.alt}]` : null;
      case "html":
        return restoreDollars(node.value);
      case "table":
        return this.#table(node.children);
      case "footnoteReference":
        return this.text(`[^${node.identifier}]`, node.position?.start.offset ?? 0);
      default:
        return this.children(node);
    }
  }

  /** A child of an item without blank lines: its paragraphs have no space around them. */
  #tight(child: RootContent, key: number): ReactNode {
    const content = child.type === "paragraph" ? this.children(child) : this.node(child);
    return <Fragment key={key}>{content}</Fragment>;
  }

  #isDisplay(node: Nodes): boolean {
    const at = node.position?.start.offset ?? 0;
    return this.props.block.text.startsWith("\\[", at);
  }

  #table([head, ...rows]: TableRow[]): ReactNode {
    const cells = (row: TableRow, tag: "th" | "td") =>
      row.children.map((cell, index) =>
        createElement(tag, { key: index, dir: "auto" }, ...this.children(cell)),
      );
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, also with the keyboard
      <div className="table" tabIndex={0}>
        <table>
          <thead>
            <tr>{head && cells(head, "th")}</tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>{cells(row, "td")}</tr>
            ))}
          </tbody>
        </table>
      </div>
    );
  }

  /** Text with its marks; parts in flagged sentences are marked. */
  text(value: string, offset: number): ReactNode {
    const start = this.props.block.start + offset;
    const flagged = this.props.unsupported.filter(
      (sentence) => sentence.start < start + value.length && sentence.end > start,
    );
    const pieces: ReactNode[] = [];
    let from = 0;
    for (const sentence of flagged) {
      const begin = Math.max(from, sentence.start - start);
      const end = Math.min(value.length, sentence.end - start);
      if (end <= begin) continue;
      pieces.push(...this.#marked(value.slice(from, begin)));
      const inner = this.#marked(value.slice(begin, end));
      // The reason follows the end of the sentence, which can be in several nodes.
      const isEnd = sentence.end - start <= value.length;
      pieces.push(this.props.renderUnsupported(sentence, wrap(inner), isEnd));
      from = end;
    }
    pieces.push(...this.#marked(value.slice(from)));
    return wrap(pieces);
  }

  /** `[3]` becomes an element, and so does each number of `[1, 2]`. */
  #marked(value: string): ReactNode[] {
    const pieces: ReactNode[] = [];
    let from = 0;
    for (const { numbers, start, end } of findMarks(value)) {
      const mark = value.slice(start, end);
      const single = numbers.length === 1;
      for (const { 0: part, index } of mark.matchAll(single ? /.+/g : /\p{Nd}+/gu)) {
        const element = this.props.renderMark(single ? numbers[0]! : numbersIn(part)[0]!, part);
        if (element === undefined) continue;
        pieces.push(restoreDollars(value.slice(from, start + index)), element);
        from = start + index + part.length;
      }
    }
    pieces.push(restoreDollars(value.slice(from)));
    return pieces;
  }
}

const wrap = (pieces: ReactNode[]) => createElement(Fragment, null, ...pieces);
const isFlow = ({ type }: Nodes) => type === "paragraph" || type === "blockquote";
