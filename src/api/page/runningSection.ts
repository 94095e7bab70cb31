import { createHash } from 'node:crypto';
import { formatAmount, formatDuration, formatRate, shareOf } from '../../contract/amounts';
import type { StepState, StepView } from '../../workflows/kit/messages';
import type { LiveProgress, RunView } from '../views';
import { html, type Html } from './html';
import type { Section } from './sections';
import { ago, badge } from './words';

/** As in the terminal; U+FE0E asks for the letter, not for the coloured picture. */
const marks: Record<StepState, string> = {
  waiting: '·',
  running: '▶\uFE0E',
  done: '✔\uFE0E',
  failed: '✘',
  held: '‖',
  skipped: '↷',
  undone: '↶',
};
/** Done steps before the last few are counted, not listed: the page tells where a run is. */
const doneShown = 3;

export const runningSection: Section = {
  id: 'running',
  title: 'Running',
  fragments: ({ running, at }) =>
    running.length > 0
      ? waitingFirst(running).map((run) => ({ id: `run-${idOf(run.id)}`, html: card(run, at) }))
      : [
          {
            id: 'run-none',
            html: html`<p class="none">Nothing runs. Start a runbook with <code>evenkeel run</code>.</p>`,
          },
        ],
};

const waitingFirst = (runs: readonly RunView[]): RunView[] => [
  ...runs.filter((run) => run.waiting),
  ...runs.filter((run) => !run.waiting),
];

const idOf = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 12);

function card(run: RunView, at: Date): Html {
  const link = run.webUi && html`<a href="${run.webUi}" rel="noreferrer">Web UI</a>`;
  return html`<article class="card ${run.waiting ? 'waits' : ''}">
    <header>
      <h3>${run.title}</h3>
      ${run.dryRun && html`<small>dry run</small>`} ${badge(run.phase)}
    </header>
    <p class="about">
      <code>${run.id}</code> <span>started ${ago(run.startedAt, at)} by ${run.by}</span>
      ${run.ticket && html`<span>ticket ${run.ticket}</span>`} ${link}
    </p>
    ${run.unanswered && html`<p class="trouble">${run.unanswered}</p>`} ${waitingBox(run)}
    <ol class="steps">
      ${stepList(run)}
    </ol>
  </article>`;
}

function waitingBox({ waiting, plan, phase }: RunView): Html | undefined {
  if (!waiting) return undefined;
  const { what, commands } = waiting;
  return html`<div class="waiting">
    <p>It waits for ${what}.</p>
    ${phase === 'waiting for approval' && plan && planList(plan.sentences)}
    <p>Type${commands.length > 1 && ' one of'}:</p>
    <ul>
      ${commands.map((command) => html`<li><code>${command}</code></li>`)}
    </ul>
  </div>`;
}

/** A sentence that begins with spaces belongs to the one above. */
const planList = (sentences: readonly string[]): Html =>
  html`<ul class="plan">
    ${sentences.map((sentence) => html`<li class="${sentence.startsWith(' ') && 'within'}">${sentence.trim()}</li>`)}
  </ul>`;

function stepList({ steps, progress, status }: RunView): Html[] {
  const turn = status?.phase === 'running' ? status.why : undefined;
  const current = steps.findLastIndex(({ state }) => state === 'running' || state === 'held');
  const done = steps.filter(({ state }) => state === 'done');
  const hidden = new Set(done.slice(0, Math.max(0, done.length - doneShown)));
  const count =
    hidden.size > 0 ? [html`<li class="done folded"><i>✔︎</i><span>${hidden.size} more done</span></li>`] : [];
  return [
    ...count,
    ...steps.map((step, index) =>
      hidden.has(step)
        ? html``
        : index === current
          ? stepItem(turn ? { ...step, why: turn } : step, progress)
          : stepItem(step),
    ),
  ];
}

function stepItem(step: StepView, progress?: LiveProgress): Html {
  const took =
    step.startedAt && step.endedAt ? formatDuration(Date.parse(step.endedAt) - Date.parse(step.startedAt)) : '';
  return html`<li class="${step.state}">
    <i>${marks[step.state]}</i
    ><span>${step.what}${step.why && step.state !== 'done' && html`<em>${step.why}</em>`}</span>
    <small>${took}</small>
    ${progress && progressBox(progress)}
  </li>`;
}

function progressBox({ done, total, unit, rate, etaMs, note, pieces }: LiveProgress): Html {
  const share = shareOf(done, total);
  const bar =
    share === undefined
      ? html`<progress></progress>`
      : html`<progress max="1000" value="${Math.round(share * 1000)}"></progress>`;
  const of = share === undefined ? '' : ` of ${formatAmount(total, unit)}`;
  const hosts = new Set(pieces.flatMap(({ host }) => host ?? []));
  const facts = [
    share !== undefined && `${Math.floor(share * 100)} %`,
    `${formatAmount(done, unit)}${of}`,
    rate > 0 && formatRate(rate, unit),
    etaMs !== undefined && `${formatDuration(etaMs)} left`,
    hosts.size > 1 && `${pieces.length} at once from ${hosts.size} hosts`,
    note,
  ].filter(Boolean);
  return html`<div class="progress">
    ${bar}
    <p>${facts.map((fact) => html`<span>${fact as string}</span>`)}</p>
  </div>`;
}
