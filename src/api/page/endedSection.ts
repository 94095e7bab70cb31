import { formatDuration } from '../../contract/amounts';
import type { RunSummary } from '../views';
import { html, type Html } from './html';
import type { Section } from './sections';
import { ago, badge } from './words';

export const endedSection: Section = {
  id: 'ended',
  title: 'Recently ended',
  fragments: ({ ended, at }) => [
    { id: 'ended-runs', html: ended.length > 0 ? list(ended, at) : html`<p class="none">No run has ended yet.</p>` },
  ],
};

const list = (runs: readonly RunSummary[], at: Date): Html =>
  html`<ul class="rows">
    ${runs.map((run) => row(run, at))}
  </ul>`;

const row = ({ id, phase, by, tookMs, endedAt = '', webUi, ticket }: RunSummary, at: Date): Html =>
  html`<li>
    ${badge(phase)}
    ${webUi ? html`<a href="${webUi}" rel="noreferrer"><code>${id}</code></a>` : html`<code>${id}</code>`}
    <small>${ago(endedAt, at)}, took ${formatDuration(tookMs)}, by ${by}${ticket && `, ticket ${ticket}`}</small>
  </li>`;
