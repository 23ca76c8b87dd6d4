import { type HtmlValue, html } from './html.ts';

/** What a message names as code: a command in quotation marks, an option by its flag, or a span in backquotes. */
const CODE = /("tf8 [^"]+"|--[a-z][a-z-]*(?: [a-z0-9.]+)?|`[^`]+`)/;

/** A message with its commands, options and calls set as code. */
export function withCode(text: string): readonly HtmlValue[] {
  return text.split(CODE).map((part, at) => {
    if (at % 2 === 0) return part;
    if (part.startsWith('"')) return html`<code class="command">${words(part.slice(1, -1))}</code>`;
    return html`<code>${part.replaceAll('`', '')}</code>`;
  });
}

/** A command that wraps between its words and options, and never within one. */
function words(command: string): readonly HtmlValue[] {
  return command.split(' ').flatMap((word, at) => [at > 0 ? ' ' : '', html`<span>${word}</span>`]);
}
