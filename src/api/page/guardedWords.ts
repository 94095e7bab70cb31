import type { GuardView } from '../guardView';
import type { RunSummary } from '../views';
import { html, type Html } from './html';
import { badge, fact } from './words';

/** A thing with a dot before it: whether all is well with it, and what there is to say. */
export interface Dotted {
  name: string;
  zone?: string | undefined;
  well: boolean;
  says: string;
}

/** Things of one kind, under their title. */
export const dotted = (title: string, things: readonly Dotted[]): Html =>
  html`<div class="zone">
    <h3>${title}</h3>
    <ul>
      ${things.map(
        ({ name, zone, well, says }) =>
          html`<li class="${well ? 'up' : 'down'}">
            <strong>${name}</strong> ${zone && html`<span class="none">zone ${zone}</span>`}
            <small>${says}</small>
          </li>`,
      )}
    </ul>
  </div>`;

/** Who watches over it, and what would be done. */
export function guardFact(
  { guard, does, maintenance }: { guard: GuardView; does: string; maintenance?: string },
  start: string,
): Html {
  const { runs, phase, webUi } = guard;
  const says = !runs
    ? html`<span class="caution">no guard runs</span>`
    : html`<strong>${webUi ? html`<a href="${webUi}" rel="noreferrer">a guard runs</a>` : 'a guard runs'}</strong>
        ${phase && phase !== 'running' && badge(phase)}`;
  if (maintenance !== undefined)
    return fact('Guard', says, `in maintenance, so it only says what it would do: ${maintenance}`);
  return fact('Guard', says, runs ? does : `nothing fails over by itself; start one: ${start}`);
}

/** The run that did it, as a link where there is one to follow. */
export const runLink = ({ webUi, id }: RunSummary): Html =>
  webUi ? html`<a href="${webUi}" rel="noreferrer"><code>${id}</code></a>` : html`<code>${id}</code>`;

/** What has to be mended before anybody may rely on it. */
export const cautionList = (cautions: readonly string[]): Html =>
  cautions.length === 0
    ? html``
    : html`<ul class="cautions">
        ${cautions.map((caution) => html`<li>${caution}</li>`)}
      </ul>`;
