import { formatDuration } from '../../contract/amounts';
import type { RunSummary } from '../views';
import { html, type Html } from './html';

const tones: Record<RunSummary['phase'], string> = {
  running: 'busy',
  'waiting for approval': 'asks',
  held: 'asks',
  paused: 'asks',
  undoing: 'asks',
  done: 'good',
  planned: 'good',
  failed: 'bad',
  terminated: 'bad',
  cancelled: 'dull',
  undone: 'dull',
};

export const badge = (phase: RunSummary['phase']): Html => html`<b class="badge ${tones[phase]}">${phase}</b>`;

/** `3 min ago`, to the minute: a figure that changes each second would have the page swapped each second. */
export function ago(iso: string, at: Date): Html {
  const minutes = Math.floor((at.getTime() - Date.parse(iso)) / 60_000);
  const words = minutes < 1 ? 'just now' : `${formatDuration(minutes * 60_000)} ago`;
  return html`<time datetime="${iso}" title="${iso}">${words}</time>`;
}

/** What is known of a thing, in a list of such. */
export const fact = (name: string, says: Html, more?: string): Html =>
  html`<div>
    <dt>${name}</dt>
    <dd>${says}${more && html`<small>${more}</small>`}</dd>
  </div>`;
