import { createHash } from 'node:crypto';
import { counted, formatBytes, formatDuration } from '../../contract/amounts';
import type { FailoverReport } from '../../contract/failoverReports';
import { failoverPicture } from '../../planning/picture/failoverPicture';
import { outagePlot } from '../../planning/picture/outagePlot';
import type { EndpointView } from '../endpointView';
import { cautionList, dotted, guardFact, runLink } from './guardedWords';
import { html, Html } from './html';
import type { Section } from './sections';
import { ago, fact } from './words';

/** Endpoints: who serves them, over which routes, what the observers see, and the last failover. Not there in a fleet without. */
export const endpointsSection: Section = {
  id: 'endpoints',
  title: 'Endpoints',
  fragments: ({ endpoints, at }) =>
    endpoints.map((each) => ({ id: `endpoint-${idOf(each.endpoint)}`, html: card(each, at) })),
};

const idOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 12);

function card(view: EndpointView, at: Date): Html {
  const { endpoint, name, port, verdict, maintenance, last } = view;
  const picture = last?.report && plots(last.report);
  return html`<article class="card object guarded ${!picture && 'bare'}">
    <header>
      <h3>${endpoint} <small>${name}:${port}</small></h3>
      <b class="badge ${verdict === 'healthy' ? 'good' : 'bad'}">${verdict ?? 'no primary'}</b>
      ${maintenance && html`<b class="badge asks">in maintenance</b>`}
    </header>
    ${cautionList(view.cautions)}
    <div class="zones">
      ${dotted('Members', view.members.map((one) => ({ ...one, ...saidOfMember(one) })).map(named('member')))}
      ${dotted('Forwarders', view.forwarders.map((one) => ({ ...one, ...saidOfForwarder(one, view) })).map(named('forwarder')))}
      ${dotted('Observers', view.observers.map((one) => ({ ...one, ...saidOfObserver(one) })).map(named('observer')))}
    </div>
    ${picture}
    <dl>${facts(view, at)}</dl>
  </article>`;
}

const named =
  <K extends string>(key: K) =>
  <T extends Record<K, string>>(one: T): T & { name: string } => ({ ...one, name: one[key] });

function saidOfMember({ state, sync, streaming, lagBytes, timeline, silent }: EndpointView['members'][number]) {
  if (state === undefined) return { well: false, says: silent ?? 'nothing is known of it' };
  const line = timeline === undefined ? '' : `, timeline ${timeline}`;
  if (state === 'primary') return { well: true, says: `primary${line}` };
  if (state !== 'standby') return { well: false, says: state };
  if (sync === undefined) return { well: false, says: `standby that the primary does not know${line}` };
  const behind = lagBytes === undefined || lagBytes === 0 ? 'has everything' : `${formatBytes(lagBytes)} behind`;
  return { well: streaming === true, says: `${syncs[sync]}, ${streaming ? behind : 'does not stream'}${line}` };
}

const syncs = {
  sync: 'standby, commits wait for it',
  quorum: 'standby, commits wait for it or another one',
  potential: 'standby, commits would wait for it',
  async: 'standby, no commit waits for it',
} as const;

function saidOfForwarder({ state, to, epoch, silent }: EndpointView['forwarders'][number], { primary }: EndpointView) {
  if (state === undefined) return { well: false, says: silent ?? 'nothing is known of it' };
  const route = state === 'open' ? `open to ${to ?? 'nobody'}` : state === 'absent' ? 'forwards nothing yet' : state;
  return { well: state === 'open' && to === primary, says: epoch ? `${route}, epoch ${epoch}` : route };
}

/** How long an answer took is another figure at each look. */
const saidOfObserver = ({ vote, saw }: EndpointView['observers'][number]) => ({
  well: vote === 'up',
  says: vote === 'up' && saw.startsWith('answers') ? 'hears the primary' : `${vote}: ${saw}`,
});

function facts(view: EndpointView, at: Date): Html[] {
  const { endpoint, primary, says, verdict, last } = view;
  return [
    fact('Primary', html`<strong>${primary ?? 'nobody'}</strong>`, verdict === 'healthy' ? undefined : says),
    guardFact(view, `evenkeel run guard-endpoint --endpoint ${endpoint}`),
    ...(last ? lastFacts(last, at) : []),
  ];
}

function lastFacts({ run, report, failure }: NonNullable<EndpointView['last']>, at: Date): Html[] {
  const when = html`${ago(run.endedAt ?? run.startedAt, at)}, ${runLink(run)}`;
  if (!report)
    return [fact('Last failover', html`<span class="caution">${run.phase}</span> ${when}`, failure?.message)];
  const { was, primary, verdict, gapMs } = report;
  return [
    fact('Last failover', html`<strong>${primary}</strong> took the place of ${was} (${verdict}) ${when}`),
    ...(gapMs === undefined
      ? []
      : [fact('Without a write', html`<strong>${formatDuration(gapMs)}</strong>`, 'as the observers saw it')]),
    fact(
      'Lost',
      lossOf(report),
      report.fence.length > 0
        ? 'the old primary was proven dead'
        : 'the old primary could acknowledge nothing without its standby',
    ),
    fact(
      'Unknown outcomes',
      html`${counted(report.unknownOutcomes, 'connection')} waited for an answer when the old primary went`,
      report.stillHung > 0 ? `${report.stillHung} of them still hang` : undefined,
    ),
  ];
}

function lossOf({ lost, lossless, lostUnknown }: FailoverReport): Html {
  if (lost && lossless && lost.commits > 0)
    return html`<strong>nothing</strong> that was acknowledged; ${counted(lost.commits, 'commit')} that no client was
      told of stayed on the old primary`;
  if (lost) return html`<strong>${counted(lost.commits, 'commit')}</strong>, read from the WAL of the old primary`;
  if (lossless) return html`<strong>nothing</strong>: every commit had waited for the standby`;
  return html`<span class="caution">not known yet</span>${lostUnknown && `: ${lostUnknown}`}`;
}

/** A page is looked at each second, and a report never changes. */
const drawn = new WeakMap<FailoverReport, Html>();

/** One for a wide screen and one for a phone: letters do not shrink with the picture. */
function plots(report: FailoverReport): Html | undefined {
  const before = drawn.get(report);
  if (before) return before;
  const picture = failoverPicture(report);
  if (!picture) return undefined;
  const plot = (width: number, height: number) =>
    new Html(outagePlot(picture, { width, height: height + 15 * picture.phases.length }));
  const both = html`<div class="plot wide">${plot(700, 190)}</div>
    <div class="plot narrow">${plot(340, 170)}</div>`;
  drawn.set(report, both);
  return both;
}
