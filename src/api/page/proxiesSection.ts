import { createHash } from 'node:crypto';
import { formatDuration } from '../../contract/amounts';
import type { ProxyReport } from '../../contract/failoverReports';
import type { PairView } from '../endpointView';
import { dotted, guardFact, runLink } from './guardedWords';
import { html, type Html } from './html';
import type { Section } from './sections';
import { ago, fact } from './words';

/** Pairs of proxies: who serves whose clients. Not there in a fleet without. */
export const proxiesSection: Section = {
  id: 'proxies',
  title: 'Pairs of proxies',
  fragments: ({ pairs, at }) => pairs.map((each) => ({ id: `pair-${idOf(each.pair)}`, html: card(each, at) })),
};

const idOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 12);

function card(view: PairView, at: Date): Html {
  const { pair, nodes, by, maintenance, last } = view;
  const well = nodes.every((node) => node.well && node.servedBy.includes(node.node));
  return html`<article class="card object guarded bare">
    <header>
      <h3>${pair} <small>${by === 'address' ? 'addresses move' : 'requests are redirected'}</small></h3>
      <b class="badge ${well ? 'good' : 'bad'}">${well ? 'healthy' : 'degraded'}</b>
      ${maintenance && html`<b class="badge asks">in maintenance</b>`}
    </header>
    <div class="zones">${nodes.map(nodeOf)}</div>
    <dl>${guardFact(view, `evenkeel run guard-proxies --pair ${pair}`)} ${last && lastFact(last, at)}</dl>
  </article>`;
}

function nodeOf({ node, host, zone, address, well, servedBy, epoch, seen, silent }: PairView['nodes'][number]): Html {
  const home = servedBy.includes(node);
  const serves =
    servedBy.length === 0
      ? 'nobody serves them'
      : home && servedBy.length === 1
        ? `by ${node} itself`
        : `by ${servedBy.join(' and ')}`;
  return dotted(`${node} on ${host}${zone === undefined ? '' : `, zone ${zone}`}`, [
    {
      name: 'Proxy',
      well,
      says: silent ?? seen.map(({ observer, says, why }) => `${observer}: ${says}${why ? ` (${why})` : ''}`).join(', '),
    },
    { name: `Clients of ${address}`, well: home, says: epoch ? `${serves}, epoch ${epoch}` : serves },
  ]);
}

function lastFact({ run, report, failure }: NonNullable<PairView['last']>, at: Date): Html {
  const when = html`${ago(run.endedAt ?? run.startedAt, at)}, ${runLink(run)}`;
  if (!report) return fact('Last failover', html`<span class="caution">${run.phase}</span> ${when}`, failure?.message);
  const acts = report.local.map(({ afterMs, what }) => `${what} (${formatDuration(afterMs)})`).join(', ');
  return fact(
    'Last failover',
    html`${courseOf(report)}; ${when}`,
    acts === '' ? undefined : `by the agents themselves: ${acts}`,
  );
}

function courseOf({ course, node, by, awayMs }: ProxyReport): Html {
  if (course === 'home') return html`<strong>${node}</strong> took its address, which nobody had`;
  if (course === 'stay') return html`the proxy of <strong>${node}</strong> was started again where it is`;
  const back = awayMs === undefined ? '' : `, and they were back after ${formatDuration(awayMs)}`;
  return html`<strong>${by}</strong> served the clients of ${node}${back}`;
}
