import type { Facts } from '../board';
import { html, type Html } from './html';
import { sectionHtml, sections } from './sections';

/** The whole page, as it is without a script. */
export const statusDocument = (facts: Facts): string =>
  wrapped(
    facts.fleet?.fleet ?? 'Evenkeel',
    html`<header class="top">
        <h1>Evenkeel</h1>
        <div id="summary">${summary(facts)}</div>
      </header>
      <main>
        ${sections.map((each) => html`<section id="${each.id}">${sectionHtml(each, each.fragments(facts))}</section>`)}
      </main>
      <footer>
        <form method="post" action="/logout"><button>Sign out</button></form>
      </footer>
      <noscript><p class="none">Reload to see news: scripts are off.</p></noscript>
      <script src="/page.js" defer></script>`,
  );

export const loginDocument = (why?: string): string =>
  wrapped(
    'Evenkeel',
    html`<main class="login">
      <h1>Evenkeel</h1>
      <form method="post" action="/login">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        ${why && html`<p class="trouble">${why}</p>`}
        <button>Look</button>
      </form>
      <p class="none">
        This page only shows. <code>evenkeel up</code> keeps its tokens in <code>.evenkeel/tokens.json</code>.
      </p>
    </main>`,
  );

/** The state of everything in one line, for the first glance. */
export function summary({ running, fleet, troubles }: Facts): Html {
  const waiting = running.filter((run) => run.waiting).length;
  const hosts = fleet?.hosts ?? [];
  const answering = hosts.filter((host) => host.answers).length;
  return html`
    <p>
      ${fleet && html`<strong>${fleet.fleet}</strong>`}
      <span>${running.length === 0 ? 'nothing runs' : running.length === 1 ? '1 run' : `${running.length} runs`}</span>
      ${waiting > 0 && html`<b class="badge asks">${waiting === 1 ? '1 waits for a person' : `${waiting} wait for a person`}</b>`}
      ${hosts.length > 0 && html`<span class="${answering < hosts.length ? 'short' : ''}">${answering} of ${hosts.length} agents answer</span>`}
    </p>
    ${troubles.map((trouble) => html`<p class="trouble">${trouble}</p>`)}
  `;
}

const wrapped = (title: string, body: Html): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/page.css" />
      </head>
      <body>
        ${body}
      </body>
    </html>`.text;
